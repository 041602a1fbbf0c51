import { SpanKind, type Attributes } from '@opentelemetry/api';
import type { Provider, ReplyPiece, ReplyRequest } from '../agents/provider.ts';
import type { Usage } from '../wire/types.ts';
import { inputMessages, outputMessages, systemInstructions } from './content.ts';
import { finishReason, withoutUndefined, type Spans, type UnderWay } from './spans.ts';
import type { Asking } from './telemetry.ts';

/** The same provider, with a span for each time it is asked: whoever asks again is seen to. */
export function measureReplies(provider: Provider, asking: Asking, spans: Spans): Provider {
  async function* reply(request: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const chat = new Chat(provider, asking, request, spans);
    try {
      for await (const piece of provider.reply(request)) {
        chat.see(piece);
        // Nobody comes back for more behind the last piece.
        if (piece.type === 'end') chat.end();
        yield piece;
      }
    } catch (error) {
      chat.under.fail(request.signal.aborted ? cancelled : error);
      throw error;
    } finally {
      chat.end();
    }
  }
  return { name: provider.name, model: provider.model, reply };
}

const cancelled = new DOMException('nobody waits for it any more', 'AbortError');

/** One request to a provider. */
class Chat {
  readonly under: UnderWay;
  readonly #spans: Spans;
  /** What its metrics are counted by. */
  readonly #labels: Attributes;
  #hasBegun = false;
  #finish: string | undefined;
  #usage: Usage | undefined;
  #text = '';
  #reasoning = '';

  constructor(provider: Provider, asking: Asking, request: ReplyRequest, spans: Spans) {
    this.#spans = spans;
    const { name, model } = provider;
    const { scope } = spans;
    scope.under?.learnProvider(name);
    this.#labels = withoutUndefined({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': name,
      'gen_ai.request.model': model === '' ? undefined : model,
      ...serverOf(asking.baseUrl),
    });
    const content = spans.capturesContent
      ? {
          'gen_ai.system_instructions': systemInstructions(request.system),
          'gen_ai.input.messages': inputMessages(request.messages),
        }
      : {};
    this.under = spans.begin(
      'chat',
      model,
      { ...this.#labels, ...samplingOf(asking), ...content },
      { labels: this.#labels, kind: asking.isBuiltIn ? SpanKind.INTERNAL : SpanKind.CLIENT },
    );
  }

  see(piece: ReplyPiece): void {
    switch (piece.type) {
      case 'usage':
        this.#usage = piece.usage;
        return;
      case 'text':
      case 'reasoning':
        this.#begin();
        if (!this.#spans.capturesContent) return;
        if (piece.type === 'text') this.#text += piece.text;
        else this.#reasoning += piece.text;
        return;
      case 'end':
        this.#finish = piece.finish;
        this.#usage = piece.usage ?? this.#usage;
        this.under.set({ 'gen_ai.response.id': piece.id });
        if (piece.model !== undefined) this.#label({ 'gen_ai.response.model': piece.model });
    }
  }

  end(): void {
    if (this.under.isEnded) return;
    const { tokens } = this.#spans.instruments;
    const usage = this.#usage;
    // Whoever stops reading in the middle has had enough.
    if (this.#finish === undefined) this.#endEarly();
    this.under.conclude({ usage, finish: this.#finish });
    if (usage) {
      tokens.record(usage.input, { ...this.#labels, 'gen_ai.token.type': 'input' });
      tokens.record(usage.output, { ...this.#labels, 'gen_ai.token.type': 'output' });
    }
    if (this.#spans.capturesContent && this.#text + this.#reasoning !== '') {
      const finish = finishReason(this.#finish ?? 'error');
      this.under.set({ 'gen_ai.output.messages': outputMessages(this.#text, this.#reasoning, finish) });
    }
    this.under.end();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { seconds } = this.under;
    this.under.set({ 'gen_ai.response.time_to_first_chunk': seconds });
    this.#spans.instruments.timeToFirstChunk.record(seconds, this.#labels);
  }

  #endEarly(): void {
    if (!this.under.hasFailed) this.under.fail(cancelled);
  }

  #label(labels: Attributes): void {
    Object.assign(this.#labels, labels);
    this.under.label(labels);
  }
}

function samplingOf({ temperature, topP, maxTokens, seed, stop, isBuiltIn }: Asking): Attributes {
  return withoutUndefined({
    'gen_ai.request.stream': isBuiltIn ? undefined : true,
    'gen_ai.request.temperature': temperature,
    'gen_ai.request.top_p': topP,
    'gen_ai.request.max_tokens': maxTokens,
    'gen_ai.request.seed': seed,
    'gen_ai.request.stop_sequences': stop && [...stop],
  });
}

/** Neither a password nor a path, which may hold a key. */
function serverOf(baseUrl: string | undefined): Attributes {
  if (baseUrl === undefined) return {};
  const whole = /^\w+:\/\//.test(baseUrl) ? baseUrl : `http://${baseUrl}`;
  if (!URL.canParse(whole)) return {};
  const { protocol, hostname, port } = new URL(whole);
  const usual = protocol === 'https:' ? 443 : 80;
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? usual : Number(port),
  };
}
