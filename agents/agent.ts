import { measured, telemetry } from '../telemetry/telemetry.ts';
import type { JsonGreeting } from '../wire/greeting.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { encodeControl, encodeText, type HistoryEntry, type ProxyFrame } from '../wire/message.ts';
import { parseSpeech } from '../wire/speech.ts';
import type { Seat, TurnMeta, Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import { Composer, type Composition } from './compose.ts';
import { Connection, type ProxyAddress } from './connection.ts';
import type { Cut } from './context/context-window.ts';
import type { ContextSettings } from './context/settings.ts';
import { History } from './history.ts';
import type { Provider } from './provider.ts';
import type { Patience } from './reliable.ts';
import type { RequestGate } from './request-limit.ts';

export interface AgentOptions {
  readonly proxy: ProxyAddress;
  readonly greeting: JsonGreeting;
  /** The system prompt. */
  readonly system: string;
  /** Said word for word when this agent is the one to start. */
  readonly opening?: string;
  readonly provider: Provider;
  readonly patience: Patience;
  /** Absent where the model reads a conversation of any length. */
  readonly context?: ContextSettings | undefined;
  /** Tell those who watch what the model thinks. */
  readonly showReasoning?: boolean | undefined;
  /** What all share who ask the same service. */
  readonly limit?: RequestGate | undefined;
  /** False: what is being written is shown to nobody, and sent when it is whole. */
  readonly streams?: boolean | undefined;
  readonly observer?: AgentObserver;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

/** What somebody who watches one agent may want to know. */
export interface AgentObserver {
  /** The proxy is not there yet. */
  onWait?(problem: string, delayMs: number): void;
  /** It has greeted; `again` where it had lost the connection. */
  onConnected?(again: boolean): void;
  /** Every frame of the proxy, the moment it comes. */
  onFrame?(frame: ProxyFrame): void;
  /** What was said, as it went out. */
  onSaid?(text: string): void;
  /** What the agent tells the viewers about itself. */
  onStatus?(text: string): void;
}

/** A meeting that an agent takes part in. */
export interface Agent {
  /** Resolves with the reason when the meeting is over. Rejects with ColloquyError. */
  readonly finished: Promise<string>;
  /** Takes leave in its own name: the partner answers, and the meeting ends. */
  sayGoodbye(): void;
}

/** Sits down at a proxy and answers until the meeting is over. */
export function startAgent(options: AgentOptions): Agent {
  const seated = new SeatedAgent(options);
  return { finished: seated.converse(), sayGoodbye: () => seated.sayGoodbye() };
}

class SeatedAgent {
  readonly #connection: Connection;
  readonly #options: AgentOptions;
  readonly #observer: AgentObserver;
  readonly #history = new History();
  readonly #composer: Composer;
  /** Billed for what was never sent, such as summaries; goes out with the next message. */
  #unreported: Usage | undefined;
  /** Aborted when the meeting is over, whatever is being written. */
  readonly #over = new AbortController();
  /** Aborted when what is being written should be written anew. */
  #attempt = new AbortController();
  #leaving = false;
  #seat: Seat | undefined;
  #meeting: string | undefined;
  /** Where the meeting stands in a trace. */
  #trace: string | undefined;

  constructor(options: AgentOptions) {
    const { proxy, greeting, signal } = options;
    this.#options = options;
    this.#observer = options.observer ?? {};
    this.#composer = new Composer({
      ...options,
      onDelta: (text) => {
        if (options.streams !== false) this.#send(encodeControl('delta', text));
      },
      onStatus: (text) => this.#status(text),
      onSpent: (usage) => (this.#unreported = addUsage(this.#unreported, usage)),
      nowMs: options.nowMs ?? Date.now,
    });
    this.#connection = new Connection({
      proxy,
      greeting: {
        ...greeting,
        features: [
          ...(greeting.features ?? []),
          ...['history', 'numbered', 'retold'],
          ...(telemetry() ? ['trace'] : []),
        ],
      },
      signal,
      onWait: (problem, delayMs) => this.#observer.onWait?.(problem, delayMs),
      onConnected: (again) => this.#observer.onConnected?.(again),
      onFrame: (frame) => this.#notice(frame),
      onEnd: () => this.#over.abort(),
    });
  }

  async converse(): Promise<string> {
    for await (const frame of this.#connection.frames()) {
      switch (frame.type) {
        case 'welcome':
        case 'seq':
        case 'delta':
        case 'status':
          break;
        case 'history':
          this.#remember(frame.entries);
          break;
        case 'note':
          this.#history.note(frame.text);
          break;
        case 'start':
          this.#history.hear('/start');
          await this.#answer({ opening: this.#options.opening });
          break;
        case 'text':
          this.#history.hear(frame.text);
          if (!this.#nextBelongsToIt()) await this.#answer({});
          break;
        case 'help':
          this.#history.hear('/help');
          await this.#answer({});
          break;
        case 'bye':
          this.#history.hear('/bye');
          await this.#answer({ end: true });
          break;
        case 'stop':
          this.#connection.close();
          return frame.reason;
        case 'error':
          throw new ColloquyError(`the proxy refused: ${frame.message} (${frame.code})`, {
            code: frame.code,
          });
      }
    }
    this.#options.signal.throwIfAborted();
    throw new ColloquyError('the meeting ended without a word', { code: 'proxy-lost' });
  }

  sayGoodbye(): void {
    this.#leaving = true;
    this.#attempt.abort();
    // What was being written has said by then what it cost.
    setImmediate(() => this.#connection.say(encodeControl('bye'), this.#withUnreported({})));
  }

  /** Some frames cannot wait until the reply at hand is written. */
  #notice(frame: ProxyFrame): void {
    this.#observer.onFrame?.(frame);
    if (frame.type === 'welcome') {
      this.#seat = frame.seat;
      this.#meeting = frame.meeting;
      this.#trace = frame.trace;
    }
    if (frame.type === 'stop' || frame.type === 'error') this.#over.abort();
    // The goodbye belongs to the text before it, which may have come a moment earlier.
    if (frame.type === 'bye') this.#attempt.abort();
    // It was said without this agent: what it writes answers what is long past.
    if (frame.type === 'history') this.#attempt.abort();
  }

  /** Who begins anew in the middle of a meeting is told what was said, and so is who had somebody in its place. */
  #remember(entries: readonly HistoryEntry[]): void {
    this.#history.clear();
    for (const entry of entries) {
      if ('note' in entry) this.#history.note(entry.note);
      else if (entry.seat === this.#seat) this.#history.say(entry.text);
      else this.#history.hear(entry.text);
    }
  }

  /** A control word that came with a text is answered together with it. */
  #nextBelongsToIt(): boolean {
    const next = this.#connection.peek()[0]?.type;
    return next === 'bye' || next === 'help';
  }

  /** Asks the provider and sends what it says. Nothing is sent of a reply that was overtaken by events. */
  async #answer({ opening, end = false }: { opening?: string | undefined; end?: boolean }): Promise<void> {
    if (this.#leaving || this.#over.signal.aborted) return;
    if (this.#connection.peek().some(({ type }) => type === 'history')) return;
    this.#attempt = new AbortController();
    try {
      const { text, meta, cuts } = opening ? { text: opening, meta: {}, cuts: [] } : await this.#compose();
      this.#say(text, meta, { cuts, end });
    } catch (error) {
      if (this.#over.signal.aborted || this.#attempt.signal.aborted) return;
      if (!this.#options.signal.aborted) {
        this.#status(`gives up: ${messageOf(error)}`);
        if (this.#unreported) this.#send(encodeControl('meta', this.#withUnreported({})));
        this.#connection.send(encodeControl('leave', `gives up: ${messageOf(error)}`));
        this.#connection.close();
      }
      throw error;
    }
  }

  #compose(): Promise<Composition> {
    const signal = AbortSignal.any([this.#options.signal, this.#over.signal, this.#attempt.signal]);
    const { greeting, provider } = this.#options;
    return measured(
      {
        type: 'agent',
        ...{ name: greeting.name, provider: provider.name, model: provider.model },
        ...{ conversation: this.#meeting, parent: this.#trace },
      },
      () => this.#composer.compose(this.#history.messages(), signal),
      ({ meta }) => meta,
    );
  }

  #say(text: string, meta: TurnMeta, { cuts, end }: { cuts: readonly Cut[]; end: boolean }): void {
    // Who answers a goodbye ends the meeting, whether the model remembered to say so or not.
    const speech = end ? parseSpeech(text) : { text };
    this.#history.say(speech.text);
    const isSilent = speech.text === '';
    const whole = this.#withUnreported(meta);
    this.#connection.together(() => {
      if (!isSilent) this.#connection.say(encodeSpeech(speech.text), whole, cuts.map(encodeCut));
      if (end) this.#connection.say(encodeControl('end'), isSilent ? whole : {});
    });
    if (parseSpeech(speech.text).control === 'bye') this.#leaving = true;
    this.#observer.onSaid?.(speech.text);
  }

  #withUnreported(meta: TurnMeta): TurnMeta {
    const usage = addUsage(meta.usage, this.#unreported);
    this.#unreported = undefined;
    return usage ? { ...meta, usage } : meta;
  }

  #status(text: string): void {
    this.#observer.onStatus?.(text);
    this.#send(encodeControl('status', text));
  }

  #send(line: string): void {
    this.#connection.send(line);
  }
}

function encodeCut({ count, start }: Cut): string {
  return encodeControl('truncated', `${count} ${count === 1 ? 'message' : 'messages'} starting at ${start}`);
}

/** A control token at the very start must reach the relay as it is, and not behind an escaped slash. */
function encodeSpeech(text: string): string {
  const line = encodeText(text);
  return /^\/(?:bye|end|stop|help)\b/.test(text) ? line.slice(1) : line;
}
