import path from 'node:path';
import type { Approval, ApprovalRequest } from '../proxy/execution.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { ChildMessage } from './child-protocol.ts';
import { UsageError } from './failure.ts';
import { onInterrupt, wasInterrupted } from './interrupt.ts';
import { createLiveView } from './live-view.ts';
import { Supervisor, type Ending } from './supervisor.ts';

export interface LaunchOptions {
  readonly meeting: string;
  /** `proxy` and its flags. */
  readonly proxyArgs: readonly string[];
  /** `agent`, persona and flags, without where the proxy is. */
  readonly agentArgs: { readonly [seat in Seat]: readonly string[] };
  readonly quiet: boolean;
  readonly showLogs: boolean;
  readonly stream: NodeJS.WriteStream;
  readonly errors: NodeJS.WriteStream;
}

/** How long an agent may take to leave when the meeting is over. */
const leaveGraceMs = 3_000;

/** One meeting of three processes, from the first of them to the last. */
export class Launch {
  readonly #options: LaunchOptions;
  readonly #supervisor = new Supervisor(process.env);
  readonly #show: (event: ViewerEvent) => void;
  #paired = false;
  /** Aborted when there is nothing left to ask a person about. */
  readonly #over = new AbortController();
  #stopped: Extract<ViewerEvent, { type: 'stopped' }> | undefined;
  /** The first that went wrong; what follows from it is not worth telling. */
  #failure: Error | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
    const { stream, quiet } = options;
    this.#show = quiet ? () => {} : createLiveView({ stream, live: stream.isTTY === true });
  }

  /** Resolves when all three have ended. Rejects with ColloquyError where one of them failed. */
  async run(): Promise<void> {
    onInterrupt({ polite: () => this.#takeLeave(), atOnce: () => this.#endAtOnce() });
    const proxy = this.#start('proxy', this.#options.proxyArgs, (message) => {
      if (message.type === 'viewer') this.#see(message.event);
      if (message.type === 'notice') this.#options.errors.write(`${message.message}\n`);
      if (message.type === 'approve') void this.#approve(message.id, message.request);
      if (message.type !== 'listening') return;
      for (const seat of seats)
        this.#supervisor.tell(`agent ${seat}`, { type: 'port', port: message.ports[seat] });
    });
    const agents = seats.map((seat) => this.#startAgent(seat));
    this.#blame(await proxy);
    // An agent that has heard of the end leaves by itself; one that is frozen never hears of it.
    if (this.#failure !== undefined) this.#supervisor.endAll();
    const timer = setTimeout(() => this.#supervisor.endAll(), leaveGraceMs);
    await Promise.all(agents);
    clearTimeout(timer);
    this.#conclude();
  }

  #startAgent(seat: Seat): Promise<Ending> {
    const { agentArgs, meeting } = this.#options;
    const args = [...agentArgs[seat], '--port-from-launcher', `--meeting=${meeting}`];
    const ended = this.#start(`agent ${seat}`, args);
    return ended.then((ending) => {
      this.#blame(ending);
      // A seat that was never taken would keep the other one waiting for ever.
      if (ending.code !== 0) this.#supervisor.tell('proxy', { type: 'end' });
      if (ending.code !== 0 && !this.#stopped)
        this.#supervisor.tell(`agent ${otherSeat(seat)}`, { type: 'end' });
      return ending;
    });
  }

  #start(
    name: string,
    args: readonly string[],
    onMessage: (message: ChildMessage) => void = () => {},
  ): Promise<Ending> {
    const { showLogs, errors } = this.#options;
    const onStderr = (line: string): void => void (showLogs && errors.write(`${name}: ${line}\n`));
    return this.#supervisor.start(name, args, { onMessage, onStderr });
  }

  async #approve(id: number, { meeting, name, block }: ApprovalRequest): Promise<void> {
    if (meeting !== this.#options.meeting) return;
    const { askForApproval } = await import('./approval.ts');
    const approval = await askForApproval({ title: name, block, signal: this.#over.signal }).catch(
      (error: unknown): Approval => {
        const why = messageOf(error);
        this.#options.errors.write(`${why}\n`);
        return { type: 'no', why };
      },
    );
    this.#supervisor.tell('proxy', { type: 'approval', id, approval });
  }

  /** Somebody else may sit down at this proxy too; their meeting is not ours. */
  #see(event: ViewerEvent): void {
    if (event.meeting !== this.#options.meeting) return;
    this.#show(event);
    if (event.type === 'paired') this.#paired = true;
    if (event.type !== 'stopped') return;
    this.#stopped = event;
    this.#over.abort();
    this.#supervisor.tell('proxy', { type: 'end' });
  }

  #endAtOnce(): void {
    this.#over.abort();
    this.#supervisor.endAll();
  }

  /** False where nobody is there yet, or any more, who could say goodbye. */
  #takeLeave(): boolean {
    if (!this.#paired || this.#stopped) return false;
    this.#options.errors.write('\nSaying goodbye; Ctrl-C again ends at once.\n');
    this.#supervisor.tell('proxy', { type: 'goodbye' });
    return true;
  }

  #blame({ name, code, signal, reason }: Ending): void {
    if (code === 0 || wasInterrupted()) return;
    const sentence = `${name}: ${reason ?? (signal ? `killed by ${signal}` : `left with code ${code}`)}`;
    this.#failure ??=
      code === 2 ? new UsageError(sentence) : new ColloquyError(sentence, { code: 'launch-failed' });
  }

  #conclude(): void {
    const { stream } = this.#options;
    const folder = this.#stopped?.folder;
    if (folder !== undefined) {
      stream.write(`\nTranscript: ${shorten(path.join(folder, 'transcript.md'))}\n`);
      stream.write(`      HTML: ${shorten(path.join(folder, 'transcript.html'))}\n`);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** As one would type it here. */
function shorten(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
