import net from 'node:net';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { LineSocket } from '../wire/line-socket.ts';
import { parseAgentFrame } from '../wire/message.ts';
import { isSameSecret } from '../wire/secret.ts';
import type { Seat } from '../wire/types.ts';
import type { Approvals } from './approvals.ts';
import { newControlToken, removeControlFile, writeControlFile } from './control-file.ts';
import {
  maxRequestBytes,
  parseAction,
  parseEnvelope,
  type ControlAction,
  type ControlReply,
  type ControlStatus,
} from './control-request.ts';
import type { Approval } from './execution.ts';
import type { Meeting } from './meeting.ts';
import { Moot } from './moderation.ts';
import type { Onlookers } from './onlookers.ts';
import { Peer } from './peer.ts';

interface Controlled {
  readonly meeting: Meeting;
  readonly names: { readonly [seat in Seat]: string };
  readonly token: string;
  readonly folder: string;
  readonly onlookers: Onlookers;
  /** Absent where no block waits for anybody. */
  readonly approvals: Approvals | undefined;
}

export interface ControlServerOptions {
  readonly maxFrameBytes: number;
  readonly onRefused: (detail: string) => void;
}

/** More than people moderate the meetings of one proxy at a time; a page watches many of them. */
const mostConnections = 512;
/** How long somebody may be connected without having proved anything. */
const strangerMs = 5_000;

/**
 * The door for moderators: a port of this machine, which answers nobody who does not know the token of the
 * meeting. One line of JSON asks, one line answers.
 */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: net.Server;
  readonly #meetings = new Map<string, Controlled>();
  readonly #connections = new Set<net.Socket>();
  /** 0: it does not listen. */
  #port = 0;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#receive(socket));
  }

  /** Rejects with the system's error. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    this.#server.on('error', (error) => this.#options.onRefused(messageOf(error)));
    this.#port = (this.#server.address() as net.AddressInfo).port;
  }

  /** From now on that meeting has a moderator, whoever can read the file in its folder. Throws the system's error. */
  add(given: Omit<Controlled, 'token'>): void {
    const { meeting, folder } = given;
    if (this.#port === 0) return;
    const token = newControlToken();
    writeControlFile(folder, { port: this.#port, token });
    this.#meetings.set(meeting.id, { ...given, token });
  }

  remove(meeting: string): void {
    const controlled = this.#meetings.get(meeting);
    this.#meetings.delete(meeting);
    if (!controlled) return;
    controlled.onlookers.close();
    removeControlFile(controlled.folder);
  }

  /** Says nothing more to anybody. */
  close(): void {
    this.#server.close();
    // A seat that somebody has taken over is told the end of its meeting by the meeting.
    for (const socket of this.#connections) socket.destroySoon();
  }

  #receive(socket: net.Socket): void {
    if (this.#connections.size >= mostConnections) return void socket.destroy();
    this.#connections.add(socket);
    const stranger = setTimeout(() => socket.destroy(), strangerMs);
    socket.once('close', () => {
      clearTimeout(stranger);
      this.#connections.delete(socket);
    });
    let seated: { readonly meeting: Meeting; readonly peer: Peer } | undefined;
    let watched: Onlookers | undefined;
    const refuse = (detail: string): void => {
      this.#options.onRefused(detail);
      socket.destroy();
    };
    const line = new LineSocket(
      socket,
      { maxFrameBytes: maxRequestBytes },
      {
        onLine: (text) => {
          if (seated) return seated.meeting.receive(seated.peer, parseAgentFrame(text));
          const asked = this.#open(text);
          if (!asked) return refuse('somebody without the token of a meeting asked to moderate');
          clearTimeout(stranger);
          watched ??= isWatching(asked.request) ? asked.controlled.onlookers : undefined;
          void this.#answer(asked.controlled, asked.request, line).then((peer) => {
            if (!peer) return;
            line.allow(this.#options.maxFrameBytes);
            seated = { meeting: asked.controlled.meeting, peer };
            // Gone while the seat was being taken.
            if (socket.destroyed) seated.meeting.lose(peer, { detail: 'closed the connection' });
          });
        },
        onViolation: (error) => (seated ? seated.meeting.expel(seated.peer, error) : refuse(error.message)),
        onDefect: (error) => refuse(messageOf(error)),
        onEnd: (end) => {
          watched?.remove(line);
          seated?.meeting.lose(seated.peer, end);
        },
      },
    );
  }

  /** The meeting that somebody may moderate. Whether there is such a meeting is told to nobody else. */
  #open(line: string): { readonly controlled: Controlled; readonly request: unknown } | undefined {
    const envelope = parseEnvelope(line);
    const controlled = envelope && this.#meetings.get(envelope.meeting);
    const expected = controlled?.token ?? newControlToken();
    if (!envelope || !isSameSecret(envelope.token, expected) || !controlled) return undefined;
    return { controlled, request: envelope.request };
  }

  /** Resolves with who sits on the seat that was asked for, if one was. */
  async #answer(controlled: Controlled, request: unknown, line: LineSocket): Promise<Peer | undefined> {
    const reply = (answer: ControlReply): void => line.sendLine(JSON.stringify(answer));
    const action = parseAction(request);
    if ('problem' in action) return void reply({ ok: false, message: action.problem });
    try {
      if (action.action === 'watch') {
        const { meeting, onlookers, approvals } = controlled;
        reply({ ok: true, status: statusOf(controlled) });
        return void onlookers.add(line, meeting.id, approvals?.events ?? []);
      }
      if (action.action !== 'take') {
        const step = await act(controlled, action);
        return void reply({ ok: true, status: statusOf(controlled), ...(step ? { step } : {}) });
      }
      const peer = new Peer(action.seat, moderatorGreeting, line);
      await controlled.meeting.takeover.take(peer, () => reply({ ok: true, status: statusOf(controlled) }));
      return peer;
    } catch (error) {
      const message = error instanceof ColloquyError ? error.message : `unexpected: ${messageOf(error)}`;
      return void reply({ ok: false, message });
    }
  }
}

/** A person at a terminal, who sees what the seat is told. */
const moderatorGreeting = {
  dialect: 'framed',
  participant: { name: 'the moderator' },
  features: ['note', 'delta', 'history'],
} as const;

async function act(
  { meeting, approvals }: Controlled,
  request: Exclude<ControlAction, { action: 'take' | 'watch' }>,
): Promise<'released' | 'next' | undefined> {
  const { moderation, takeover } = meeting;
  switch (request.action) {
    case 'pause':
      return void moderation.pause();
    case 'resume':
      return void moderation.resume();
    case 'step':
      return moderation.step();
    case 'whisper':
      return void moderation.whisper(request.seat, request.text);
    case 'say':
      return void moderation.say(request.text);
    case 'limits':
      return void moderation.limit(request.limits);
    case 'give':
      return void (await takeover.give(request.seat));
    case 'goodbye':
      return void moderation.sayGoodbye();
    case 'stop':
      return void moderation.stop();
    case 'approve':
      return approvals ? void approvals.answer(request.id, approvalOf(request)) : refuseApproval();
    case 'status':
      return undefined;
  }
}

function approvalOf({ verdict, code, why }: Extract<ControlAction, { action: 'approve' }>): Approval {
  if (verdict === 'no') return { type: 'no', ...(why === undefined ? {} : { why }) };
  if (verdict === 'yes') return { type: 'yes' };
  if (code === undefined) throw new Moot('there is no code that could run instead');
  return { type: 'edit', code };
}

function refuseApproval(): never {
  throw new Moot('no block waits for anybody in this meeting: it runs no code, or asks nobody');
}

function isWatching(request: unknown): boolean {
  const action = parseAction(request);
  return 'action' in action && action.action === 'watch';
}

function statusOf({ meeting, names, approvals }: Controlled): ControlStatus {
  const { moderation, takeover, progress, limits, elapsedMs } = meeting;
  const { isPaused, steps, waiting } = moderation;
  const { maxMessages, maxSeconds, maxTokens, maxCost } = limits;
  return {
    meeting: meeting.id,
    names,
    turns: progress.turns,
    elapsedMs,
    isPaused,
    steps,
    waiting,
    taken: takeover.seats,
    limits: {
      maxMessages,
      maxSeconds,
      ...(maxTokens ? { maxTokens } : {}),
      ...(maxCost ? { maxCost } : {}),
    },
    approvals: approvals?.pending ?? [],
  };
}
