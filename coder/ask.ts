import { cleanReply } from '../agents/clean-reply.ts';
import type { ChatMessage, Provider } from '../agents/provider.ts';
import type { RequestGate } from '../agents/request-limit.ts';
import { askInOrder } from '../agents/providers/scripted.ts';
import { replyReliably, type Patience } from '../agents/reliable.ts';
import type { CoderRole } from '../config/coder-roles.ts';
import { measured } from '../telemetry/telemetry.ts';
import type { Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { CodingEvent } from './events.ts';
import { exchangesPage } from './prompts-page.ts';
import { keyOf, type CodingFolder } from './run-folder.ts';

/** Who plays a role. */
export interface Writer {
  readonly service: string;
  readonly model: string;
  readonly takesTemperature: boolean;
  /** Its n-th answer goes with the n-th question, whatever that is: it is asked one thing at a time. */
  readonly isScript: boolean;
  open(temperature: number | undefined): Promise<OpenWriter>;
}

export interface OpenWriter {
  readonly provider: Provider;
  readonly patience: Patience;
  /** Where samples wait that are asked for at a time. */
  readonly limit?: RequestGate | undefined;
}

/** What a model was asked, and what it answered. */
export interface Exchange {
  readonly id: string;
  readonly role: CoderRole;
  readonly service: string;
  readonly model: string;
  readonly temperature?: number;
  readonly system: string;
  readonly messages: readonly ChatMessage[];
  readonly reply: string;
  readonly finish: string;
  readonly usage?: Usage;
  readonly ms: number;
}

export interface Question {
  /** Names the exchange in the run's folder: `attempt-1-sample-2`. */
  readonly id: string;
  readonly role: CoderRole;
  readonly temperature: number | undefined;
  readonly system: string;
  readonly messages: readonly ChatMessage[];
}

interface AskingOptions {
  readonly writers: Readonly<Record<CoderRole, Writer>>;
  readonly folder: CodingFolder;
  readonly observe: (event: CodingEvent) => void;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
}

/** Asks models, keeps what they answer, and does not ask again what was answered in an earlier run of the folder. */
export class Asking {
  readonly #options: AskingOptions;
  readonly #exchanges: Exchange[] = [];
  /** How many questions each script was asked. */
  readonly #asked = new Map<string, number>();

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  get usage(): Usage {
    const sum = (of: (usage: Usage) => number): number =>
      this.#exchanges.reduce((total, { usage }) => total + (usage ? of(usage) : 0), 0);
    return {
      input: sum(({ input }) => input),
      output: sum(({ output }) => output),
      cached: sum(({ cached }) => cached),
    };
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /** Whether several questions to this role may be asked at a time. */
  canAskAtOnce(role: CoderRole): boolean {
    return !this.#options.writers[role].isScript;
  }

  /** Rejects with ProviderError, or with the reason of the signal. */
  async ask(question: Question): Promise<Exchange> {
    const { writers, folder, observe } = this.#options;
    const { id, role, system, messages } = question;
    const writer = writers[role];
    const temperature = writer.takesTemperature ? question.temperature : undefined;
    const place = this.#placeIn(writer);
    const key = keyOf(
      writer.service,
      writer.model,
      temperature,
      system,
      messages,
      writer.isScript ? place : 0,
    );
    const before = folder.recall<Exchange>(`exchanges/${id}`, key);
    const exchange =
      before ??
      (await measured({ type: 'agent', name: role }, () =>
        this.#write(question, writer, temperature, place),
      ));
    if (!before) folder.keep(`exchanges/${id}`, key, exchange);
    this.#exchanges.push(exchange);
    folder.write('prompts.md', exchangesPage(this.#exchanges));
    const { service, model, usage, ms } = exchange;
    observe({
      type: 'answered',
      ...{ id, role, service, model, ms },
      ...(temperature === undefined ? {} : { temperature }),
      ...(usage ? { usage } : {}),
      isKept: before !== undefined,
    });
    if (exchange.finish === 'length') {
      observe({ type: 'notice', text: `${id}: the reply was cut off at the token limit (max_tokens)` });
    }
    return exchange;
  }

  async #write(
    { id, role, system, messages }: Question,
    writer: Writer,
    temperature: number | undefined,
    place: number,
  ): Promise<Exchange> {
    const { observe, signal, nowMs } = this.#options;
    const { provider, patience, limit } = await writer.open(temperature);
    const startedAtMs = nowMs();
    const last = messages.at(-1);
    const asked = writer.isScript && last ? askInOrder(last, place) : messages;
    let reply = '';
    let spent: Usage | undefined;
    const stream = replyReliably(provider, { system, messages: asked, signal, isOnce: true }, patience, {
      onStatus: (text) => observe({ type: 'status', id, text }),
      onSpent: (usage) => (spent = addUsage(spent, usage)),
      onRestart: () => {
        reply = '';
        observe({ type: 'restart', id });
      },
      limit,
    });
    for await (const piece of stream) {
      if (piece.type === 'text') {
        reply += piece.text;
        observe({ type: 'text', id, role, text: piece.text });
      }
      if (piece.type !== 'end') continue;
      const usage = addUsage(spent, piece.usage);
      return {
        ...{ id, role, service: provider.name, model: provider.model },
        ...(temperature === undefined ? {} : { temperature }),
        ...{ system, messages, reply: cleanReply(reply), finish: piece.finish },
        ...(usage ? { usage } : {}),
        ms: nowMs() - startedAtMs,
      };
    }
    throw new Error(`${provider.name}: a reply without an end`);
  }

  #placeIn(writer: Writer): number {
    const name = `${writer.service}:${writer.model}`;
    const place = this.#asked.get(name) ?? 0;
    this.#asked.set(name, place + 1);
    return place;
  }
}
