import path from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { Approval, ApprovalRequest } from '../proxy/execution.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { ChildMessage, Door } from './child-protocol.ts';
import { UsageError } from './failure.ts';
import { onInterrupt, wasInterrupted } from './interrupt.ts';
import { createLiveView } from './live-view.ts';
import type { Reading } from './reading.ts';
import { Supervisor, type Ending } from './supervisor.ts';

export interface LaunchOptions {
  readonly meeting: string;
  /** `proxy` and its flags; absent where it runs already, behind `doors`. */
  readonly proxyArgs?: readonly string[];
  readonly doors?: { readonly [seat in Seat]: Door };
  /** `agent`, persona and flags, without where the proxy is. */
  readonly agentArgs: { readonly [seat in Seat]: readonly string[] };
  /** The meeting has begun before: agents come back to the seats that are `empty`. */
  readonly isInterrupted?: boolean;
  readonly empty?: readonly Seat[];
  /** Where the meeting is kept, as far as it is known before. */
  readonly transcripts?: string;
  /** Nobody thinks here: what was said elsewhere is said again, and ends when `isOver` says so. */
  readonly replay?: { readonly isOver: (event: ViewerEvent) => boolean };
  readonly quiet: boolean;
  /** Reads aloud what is shown. */
  readonly reading?: Reading | undefined;
  readonly showLogs: boolean;
  readonly stream: NodeJS.WriteStream;
  readonly errors: NodeJS.WriteStream;
}

/** How long an agent may take to leave when the meeting is over. */
const leaveGraceMs = 3_000;

/** How long agents that still run may take to come back by themselves before others are started in their place. */
const returnGraceMs = 3_000;

/** How often an agent that was killed is started again. */
const mostRestarts = 3;

/** One meeting of three processes, from the first of them to the last. */
export class Launch {
  readonly #options: LaunchOptions;
  readonly #supervisor = new Supervisor(process.env);
  readonly #show: (event: ViewerEvent) => void;
  #paired = false;
  #doors: { readonly [seat in Seat]: Door } | undefined;
  /** Where the meeting is kept; undefined as long as there is nothing to come back to. */
  #transcripts: string | undefined;
  readonly #returned = new Set<Seat>();
  /** Aborted when there is nothing left to ask a person about. */
  readonly #over = new AbortController();
  /** What the person is asked, or will be next. */
  readonly #questions = new Map<number, AbortController>();
  #stopped: Extract<ViewerEvent, { type: 'stopped' }> | undefined;
  /** The first that went wrong; what follows from it is not worth telling. */
  #failure: Error | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
    this.#doors = options.doors;
    this.#transcripts = options.transcripts;
    const { stream, quiet } = options;
    this.#show = quiet ? () => {} : createLiveView({ stream, live: stream.isTTY === true });
  }

  /** Resolves when all three have ended, and all is read. Rejects with ColloquyError where one of them failed. */
  async run(): Promise<void> {
    onInterrupt({ polite: () => this.#takeLeave(), atOnce: () => this.#endAtOnce() });
    try {
      await this.#hold();
    } catch (error) {
      this.#options.reading?.cut();
      throw error;
    }
    await this.#options.reading?.finish();
  }

  async #hold(): Promise<void> {
    const { proxyArgs, isInterrupted, empty = seats } = this.#options;
    const proxy = proxyArgs && this.#startProxy(proxyArgs);
    if (proxy && isInterrupted) await Promise.race([proxy, sleep(returnGraceMs, this.#over.signal)]);
    const missing = empty.filter((seat) => !this.#returned.has(seat));
    const agents = this.#stopped ? [] : missing.map((seat) => this.#holdSeat(seat));
    if (!proxy) {
      await Promise.all(agents);
      return this.#conclude();
    }
    this.#blame(await proxy);
    // An agent that has heard of the end leaves by itself; one that is frozen never hears of it.
    if (this.#failure !== undefined) this.#supervisor.endAll();
    const timer = setTimeout(() => this.#supervisor.endAll(), leaveGraceMs);
    await Promise.all(agents);
    clearTimeout(timer);
    this.#conclude();
  }

  #startProxy(args: readonly string[]): Promise<Ending> {
    return this.#start('proxy', args, (message) => {
      if (message.type === 'viewer') this.#see(message.event);
      if (message.type === 'notice') this.#options.errors.write(`${message.message}\n`);
      if (message.type === 'approve') void this.#approve(message.id, message.request);
      if (message.type === 'answered') this.#questions.get(message.id)?.abort();
      if (message.type !== 'listening') return;
      this.#doors = message.doors;
      for (const seat of seats) this.#showDoor(seat);
    });
  }

  /** An agent that was killed is started again, and comes back to its seat. */
  async #holdSeat(seat: Seat): Promise<void> {
    const { agentArgs, meeting, isInterrupted } = this.#options;
    const name = `agent ${seat}`;
    let args = [...agentArgs[seat], `--meeting=${meeting}`];
    if (isInterrupted) args = this.#returnArguments(seat);
    for (let restarts = 0; ; restarts++) {
      const ended = this.#start(name, [...args, '--port-from-launcher']);
      this.#showDoor(seat);
      const ending = await ended;
      const isKilled =
        ending.signal !== null &&
        !this.#over.signal.aborted &&
        this.#transcripts !== undefined &&
        !this.#options.replay;
      if (!isKilled || restarts === mostRestarts) return this.#seeLeave(seat, ending);
      this.#options.errors.write(`${name}: killed by ${ending.signal}; started again\n`);
      args = this.#returnArguments(seat);
    }
  }

  #seeLeave(seat: Seat, ending: Ending): void {
    this.#blame(ending);
    if (ending.code === 0) return;
    // A seat that was never taken would keep the other one waiting for ever.
    this.#supervisor.tell('proxy', { type: 'end' });
    if (!this.#stopped) this.#supervisor.tell(`agent ${otherSeat(seat)}`, { type: 'end' });
  }

  #returnArguments(seat: Seat): string[] {
    const { agentArgs, meeting } = this.#options;
    // What the journal is not believed for is said again.
    const own = /^--(?:debug|verbose|coder)$|^--(?:config|command|base-url|script|replies|pipeline|steps)=/;
    const kept = agentArgs[seat].filter((arg) => own.test(arg));
    return [
      'agent',
      `--resume=${meeting}`,
      `--seat=${seat}`,
      `--transcripts=${this.#transcripts ?? ''}`,
      ...kept,
    ];
  }

  #showDoor(seat: Seat): void {
    if (this.#doors) this.#supervisor.tell(`agent ${seat}`, { type: 'door', ...this.#doors[seat] });
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
    const question = new AbortController();
    this.#questions.set(id, question);
    const signal = AbortSignal.any([question.signal, this.#over.signal]);
    const approval = await askForApproval({ title: name, block, signal }).catch(
      (error: unknown): Approval => {
        const why = messageOf(error);
        this.#options.errors.write(`${why}\n`);
        return { type: 'no', why };
      },
    );
    this.#questions.delete(id);
    if (!question.signal.aborted) this.#supervisor.tell('proxy', { type: 'approval', id, approval });
  }

  /** Somebody else may sit down at this proxy too; their meeting is not ours. */
  #see(event: ViewerEvent): void {
    if (event.meeting !== this.#options.meeting) return;
    this.#show(event);
    this.#options.reading?.watch(event);
    if (event.type === 'paired') {
      this.#paired = true;
      if (event.folder !== undefined) this.#transcripts = path.dirname(event.folder);
    }
    if (event.type === 'returned') this.#returned.add(event.seat);
    if (this.#options.replay?.isOver(event)) this.#supervisor.tell('proxy', { type: 'end' });
    if (event.type !== 'stopped') return;
    this.#stopped = event;
    this.#over.abort();
    this.#supervisor.tell('proxy', { type: 'end' });
  }

  #endAtOnce(): void {
    this.#over.abort();
    this.#options.reading?.cut();
    this.#supervisor.endAll();
  }

  /** False where nobody is there yet, or any more, who could say goodbye. */
  #takeLeave(): boolean {
    if (!this.#paired || this.#stopped || this.#options.replay) return false;
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
    const { stream, replay } = this.#options;
    const folder = replay ? undefined : this.#stopped?.folder;
    if (folder !== undefined) {
      stream.write(`\nTranscript: ${shorten(path.join(folder, 'transcript.md'))}\n`);
      stream.write(`      HTML: ${shorten(path.join(folder, 'transcript.html'))}\n`);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

async function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  await setTimeoutPromise(delayMs, undefined, { signal }).catch(() => {});
}

/** As one would type it here. */
function shorten(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
