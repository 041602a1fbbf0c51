import net from 'node:net';
import path from 'node:path';
import { readControlFile, type ControlFile } from './control-file.ts';
import type { ControlAction, ControlReply, ControlStatus } from './control-request.ts';
import { isHeld } from './seats-file.ts';
import { ColloquyError } from '../wire/errors.ts';
import { LineSocket } from '../wire/line-socket.ts';

interface LineHandlers {
  readonly onFrame: (line: string) => void;
  readonly onLost: () => void;
}

type Accepted = Extract<ControlReply, { ok: true }>;

/** Where the proxy of a meeting listens for its moderator. Throws ColloquyError `not-controlled` where nobody does. */
function findControl(folder: string): ControlFile {
  const meeting = path.basename(folder);
  const file = readControlFile(folder);
  if (!file) {
    throw notControlled(
      `${meeting} does not go on, or its proxy was told not to be controlled: there is no control.json beside its journal that you can read`,
    );
  }
  if (!isHeld(file)) {
    throw notControlled(
      `${meeting} does not go on: its proxy (process ${file.pid}) is gone. To go on: colloquy resume ${meeting}`,
    );
  }
  return file;
}

function notControlled(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'not-controlled' });
}

/** A line to the proxy of a meeting, for one request after the other. */
export class ControlClient {
  readonly #meeting: string;
  readonly #token: string;
  readonly #socket: LineSocket;
  #onReply: ((reply: ControlReply) => void) | undefined;
  #onLost: ((error: ColloquyError) => void) | undefined;
  /** Whom lines go to once a seat was taken over. */
  #onFrame: ((line: string) => void) | undefined;

  private constructor(meeting: string, token: string, socket: net.Socket) {
    this.#meeting = meeting;
    this.#token = token;
    this.#socket = new LineSocket(
      socket,
      { maxFrameBytes },
      {
        onLine: (line) => {
          if (this.#onFrame) this.#onFrame(line);
          else this.#onReply?.(JSON.parse(line) as ControlReply);
        },
        onViolation: (error) => this.#onLost?.(error),
        onDefect: (error) => this.#onLost?.(new ColloquyError(String(error), { code: 'control-lost' })),
        onEnd: () => this.#onLost?.(refused(this.#meeting)),
      },
    );
  }

  /** Rejects with ColloquyError `not-controlled` or `control-lost`. */
  static async connect(folder: string): Promise<ControlClient> {
    const { port, token } = findControl(folder);
    const socket = net.connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', (error) => {
        const message = `nobody listens for a moderator of ${path.basename(folder)} on port ${port}: ${error.message}`;
        reject(new ColloquyError(message, { code: 'control-lost', cause: error }));
      });
    });
    return new ControlClient(path.basename(folder), token, socket);
  }

  /** Rejects with ColloquyError `refused`, in the proxy's words, or `control-lost`. */
  async ask(request: ControlAction): Promise<Accepted> {
    const reply = await new Promise<ControlReply>((resolve, reject) => {
      this.#onReply = (given) => {
        if (given.ok && (request.action === 'take' || request.action === 'watch')) this.#onFrame = () => {};
        resolve(given);
      };
      this.#onLost = reject;
      this.#socket.sendLine(JSON.stringify({ meeting: this.#meeting, token: this.#token, request }));
    });
    if (!reply.ok) throw new ColloquyError(reply.message, { code: 'refused' });
    return reply;
  }

  /** Takes over a seat: from now on the connection speaks the framed dialect, and each line goes to `onFrame`. */
  take(request: Extract<ControlAction, { action: 'take' }>, handlers: LineHandlers): Promise<ControlStatus> {
    return this.#askForLines(request, handlers);
  }

  /** From now on each line that goes to `onFrame` is a `WatchLine`. */
  watch(handlers: LineHandlers): Promise<ControlStatus> {
    return this.#askForLines({ action: 'watch' }, handlers);
  }

  async #askForLines(request: ControlAction, handlers: LineHandlers): Promise<ControlStatus> {
    const early: string[] = [];
    const asked = this.ask(request);
    // The first frames may come with the answer.
    const onReply = this.#onReply;
    this.#onReply = (reply) => {
      onReply?.(reply);
      if (reply.ok) this.#onFrame = (line) => early.push(line);
    };
    const { status } = await asked;
    this.#onLost = handlers.onLost;
    this.#onFrame = handlers.onFrame;
    for (const line of early) handlers.onFrame(line);
    return status;
  }

  send(line: string): void {
    this.#socket.sendLine(line);
  }

  close(): void {
    this.#onLost = undefined;
    this.#socket.close();
  }
}

/** As for agents: a turn with results below it may be longer than a frame. */
const maxFrameBytes = 16 * 1024 * 1024;

function refused(meeting: string): ColloquyError {
  return new ColloquyError(
    `the proxy closed the line without an answer: ${meeting} has ended, or control.json beside its journal is not of this meeting`,
    { code: 'control-lost' },
  );
}
