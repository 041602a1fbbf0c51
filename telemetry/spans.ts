import { AsyncLocalStorage } from 'node:async_hooks';
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { redactSecrets } from '../agents/redact.ts';
import { ProviderError } from '../agents/provider.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { Usage } from '../wire/types.ts';
import type { Instruments, Operation } from './instruments.ts';
import type { Doing, Ending } from './telemetry.ts';
import { parseTraceparent, traceparentOf } from './traceparent.ts';

/** Where in a trace somebody is. */
export interface Scope {
  readonly context: Context;
  /** What is measured right now; absent in a process that was started by something measured. */
  readonly under?: UnderWay;
  /** The meeting, if this is one. */
  readonly conversation?: string | undefined;
}

export interface SpansOptions {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  /** What was said goes into attributes too. */
  readonly capturesContent: boolean;
  /** W3C `traceparent` of whatever started this process, in its environment. */
  readonly parent: string | undefined;
}

/** Messages of errors may quote what a server said at any length. */
const longestMessage = 200;

/** The spans of one process: what is measured, and what of it belongs to what. */
export class Spans {
  readonly capturesContent: boolean;
  readonly instruments: Instruments;
  readonly #tracer: Tracer;
  readonly #outside: Scope;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #underWay = new Set<UnderWay>();

  constructor({ tracer, instruments, capturesContent, parent }: SpansOptions) {
    this.#tracer = tracer;
    this.instruments = instruments;
    this.capturesContent = capturesContent;
    this.#outside = { context: contextOf(parent) ?? ROOT_CONTEXT };
  }

  /** Where in a trace the caller is. */
  get scope(): Scope {
    return this.#scopes.getStore() ?? this.#outside;
  }

  get environment(): Readonly<Record<string, string>> {
    const context = trace.getSpanContext(this.scope.context);
    return context && isSpanContextValid(context) ? { TRACEPARENT: traceparentOf(context) } : {};
  }

  within<T>(scope: Scope, work: () => T): T {
    return this.#scopes.run(scope, work);
  }

  begin(operation: Operation, name: string, attributes: Attributes, options: BeginOptions = {}): UnderWay {
    const { scope = this.scope, kind = SpanKind.INTERNAL, labels = {}, agoMs = 0, links = [] } = options;
    const span = this.#tracer.startSpan(
      name === '' ? operation : `${operation} ${name}`,
      {
        kind,
        links: [...links],
        ...(agoMs > 0 ? { startTime: Date.now() - agoMs } : {}),
        attributes: {
          'gen_ai.operation.name': operation,
          'gen_ai.conversation.id': scope.conversation,
          ...attributes,
        },
      },
      scope.context,
    );
    const underWay: UnderWay = new UnderWay({
      ...{ span, operation, labels: { ...labels }, instruments: this.instruments },
      startedAtMs: performance.now() - agoMs,
      onEnd: () => this.#underWay.delete(underWay),
    });
    this.#underWay.add(underWay);
    return underWay;
  }

  scopeOf(under: UnderWay, conversation?: string): Scope {
    return { context: trace.setSpan(ROOT_CONTEXT, under.span), under, conversation };
  }

  async measure<T>(
    doing: Doing,
    work: () => Promise<T>,
    conclude: (result: T) => Ending = () => ({}),
  ): Promise<T> {
    const { scope, under } = this.#enter(doing);
    try {
      const result = await this.within(scope, work);
      under.conclude(conclude(result));
      return result;
    } catch (error) {
      under.fail(error);
      throw error;
    } finally {
      under.end();
    }
  }

  note(name: string, attributes: Attributes): void {
    this.scope.under?.span.addEvent(`colloquy.${name}`, attributes);
  }

  /** Nothing is lost of what the end of the program interrupts. */
  endAll(): void {
    for (const under of this.#underWay) {
      under.conclude({ error: 'interrupted' });
      under.end();
    }
  }

  #enter(doing: Doing): { scope: Scope; under: UnderWay } {
    const outer = this.scope;
    switch (doing.type) {
      case 'workflow': {
        const labels = { 'gen_ai.workflow.name': doing.name };
        const under = this.begin('invoke_workflow', doing.name, labels, { labels });
        return { under, scope: this.scopeOf(under, outer.conversation) };
      }
      case 'agent': {
        const { name, provider, model, parent, conversation = outer.conversation } = doing;
        const labels = { 'gen_ai.agent.name': name, 'gen_ai.request.model': model };
        const under = this.begin(
          'invoke_agent',
          name,
          { ...labels, ...(provider === undefined ? {} : { 'gen_ai.provider.name': provider }) },
          { labels, scope: { ...outer, context: contextOf(parent) ?? outer.context, conversation } },
        );
        under.needsProvider = provider === undefined;
        return { under, scope: this.scopeOf(under, conversation) };
      }
      case 'tool': {
        const labels = { 'gen_ai.tool.name': doing.name, 'gen_ai.tool.type': 'function' };
        const under = this.begin('execute_tool', doing.name, labels, { labels });
        return { under, scope: this.scopeOf(under, outer.conversation) };
      }
    }
  }
}

interface BeginOptions {
  readonly scope?: Scope;
  readonly kind?: SpanKind;
  /** What its duration is counted by: few values each. */
  readonly labels?: Attributes;
  /** How long ago it began. */
  readonly agoMs?: number;
  /** What it has to do with, and is no part of. */
  readonly links?: readonly Link[];
}

interface UnderWayOptions {
  readonly span: Span;
  readonly operation: Operation;
  readonly labels: Attributes;
  readonly instruments: Instruments;
  /** As `performance.now()` has it. */
  readonly startedAtMs: number;
  readonly onEnd: () => void;
}

/** One span, and the duration that is counted with it. */
export class UnderWay {
  readonly span: Span;
  /** It is an agent, and who writes for it is not known yet. */
  needsProvider = false;
  readonly #options: UnderWayOptions;
  #isEnded = false;
  #hasFailed = false;

  constructor(options: UnderWayOptions) {
    this.span = options.span;
    this.#options = options;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get seconds(): number {
    return (performance.now() - this.#options.startedAtMs) / 1_000;
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  /** Of all that is counted by it. */
  label(labels: Attributes): void {
    Object.assign(this.#options.labels, labels);
    this.set(labels);
  }

  learnProvider(provider: string): void {
    if (this.needsProvider) this.set({ 'gen_ai.provider.name': provider });
    this.needsProvider = false;
  }

  conclude({ error, usage, finish }: Ending): void {
    if (usage) this.set(usageAttributes(usage));
    if (finish !== undefined) this.set({ 'gen_ai.response.finish_reasons': [finishReason(finish)] });
    if (error === undefined) return;
    this.#hasFailed = true;
    this.label({ 'error.type': error });
    this.span.setStatus({ code: SpanStatusCode.ERROR });
  }

  fail(error: unknown): void {
    this.#hasFailed = true;
    this.label({ 'error.type': errorType(error) });
    if (error instanceof ProviderError && error.status !== undefined) {
      this.set({ 'http.response.status_code': error.status });
    }
    const said = error instanceof ColloquyError ? error.message : undefined;
    const message = said === undefined ? {} : { message: redactSecrets(said, []).slice(0, longestMessage) };
    this.span.setStatus({ code: SpanStatusCode.ERROR, ...message });
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // A step that asked no model has been done by this program.
    this.learnProvider('colloquy');
    const { instruments, operation, labels, onEnd } = this.#options;
    instruments.durations[operation].record(this.seconds, withoutUndefined(labels));
    this.span.end();
    onEnd();
  }
}

function usageAttributes({ input, output, cached, stored }: Usage): Attributes {
  return {
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
    ...(cached > 0 ? { 'gen_ai.usage.cache_read.input_tokens': cached } : {}),
    ...(stored ? { 'gen_ai.usage.cache_creation.input_tokens': stored } : {}),
  };
}

/** As the conventions spell it. */
export function finishReason(finish: string): string {
  return finish === 'content-filter' ? 'content_filter' : finish;
}

export function withoutUndefined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** One of few words: the code of an error of this program, or the name of another. */
function errorType(error: unknown): string {
  if (error instanceof ColloquyError) return error.code;
  if (!(error instanceof Error)) return '_OTHER';
  return error.name === 'AbortError' ? 'cancelled' : error.name;
}

/** Undefined where that is no `traceparent`. */
function contextOf(traceparent: string | undefined): Context | undefined {
  const parsed = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return parsed && trace.setSpanContext(ROOT_CONTEXT, parsed);
}
