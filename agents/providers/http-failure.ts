import { ProviderError, type ProviderName } from '../provider.ts';
import { quoteBriefly, redactSecrets } from '../redact.ts';

/** A service as people know it: what to set, and what to start. */
export interface HttpService {
  readonly provider: ProviderName;
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** The environment variable that holds the key. */
  readonly keyVariable?: string;
  /** The environment variable that holds the address. */
  readonly urlVariable: string;
  /** How to get a model that is missing, or a server that is not running. */
  readonly hints: { readonly unknownModel: string; readonly unreachable: string };
}

/** What a server answered, or what kept it from answering, whichever SDK it came through. */
export type HttpFailure =
  | {
      readonly type: 'answer';
      /** Missing where the failure came in the middle of a reply that had begun well. */
      readonly status?: number | undefined;
      readonly headers?: Headers | undefined;
      /** The server's own words. */
      readonly words: string;
      /** The server's own name for it, such as `insufficient_quota` or `overloaded_error`. */
      readonly kind?: string | undefined;
    }
  | { readonly type: 'network'; readonly cause: unknown };

/** One helpful sentence for every way in which a request can fail, and whether to try again. */
export function toProviderError(
  service: HttpService,
  failure: HttpFailure,
  nowMs = Date.now(),
): ProviderError {
  const { provider, apiKey } = service;
  const { code, retryable, sentence } =
    failure.type === 'network' ? judgeNetwork(service, failure.cause) : judgeAnswer(service, failure);
  const { status, headers } = failure.type === 'answer' ? failure : {};
  const retryAfterMs = retryable && headers ? readRetryAfterMs(headers, nowMs) : undefined;
  return new ProviderError(`${provider}: ${redactSecrets(sentence, [apiKey])}`, {
    provider,
    code,
    retryable,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    // The original error is left out: it holds the request with the key in its headers.
  });
}

/** The stream ended as if all were well, but not as the API says it must. */
export function cutOff(provider: ProviderName): ProviderError {
  const message = `${provider}: the reply was cut off before its end`;
  return new ProviderError(message, { provider, code: 'cut-off', retryable: true });
}

export function noKey(provider: ProviderName, variable: string): ProviderError {
  const message = `${provider}: no ${variable}; set it in the environment or in .env`;
  return new ProviderError(message, { provider, code: 'no-key', retryable: false });
}

/** A server that answered 200 and said nothing that this API knows: most often the path is wrong. */
export function notTheApi({ provider, baseUrl, urlVariable }: HttpService): ProviderError {
  const sentence = `${baseUrl} answers, but not as ${provider} does; check ${urlVariable}`;
  const message = `${provider}: ${redactSecrets(sentence, [])}`;
  return new ProviderError(message, { provider, code: 'bad-request', retryable: false });
}

interface Verdict {
  readonly code: string;
  readonly retryable: boolean;
  readonly sentence: string;
}

function judgeAnswer(service: HttpService, answer: Extract<HttpFailure, { type: 'answer' }>): Verdict {
  const { baseUrl, model, keyVariable, urlVariable, hints } = service;
  const { status = 0 } = answer;
  const all = `${answer.kind ?? ''} ${answer.words}`;
  // A gateway's page of HTML helps nobody.
  const quote = /^\s*</.test(answer.words) ? '' : quoteBriefly(answer.words, [service.apiKey]);
  const words = [status || '', quote].filter(Boolean).join(': ');
  const refuse = (code: string, sentence: string): Verdict => ({ code, retryable: false, sentence });
  const postpone = (code: string, sentence: string): Verdict => ({ code, retryable: true, sentence });

  if (status === 401 || status === 403) {
    const where = keyVariable === undefined ? 'it asks for a key' : `check ${keyVariable}`;
    return refuse('wrong-key', `the key was refused (${words}); ${where}`);
  }
  if (status < 500 && isAboutModel(status, all)) {
    const missing = model === '' ? 'no model is loaded' : `no model "${model}"`;
    return refuse('unknown-model', `${missing} at ${baseUrl}; ${hints.unknownModel}`);
  }
  if (status === 404) return refuse('bad-request', `nothing answers at ${baseUrl}; check ${urlVariable}`);
  if (status === 402 || /insufficient_quota|billing|credit balance/i.test(all)) {
    return refuse('no-quota', `the account has no quota left (${words})`);
  }
  if (status === 413 || isTooLong(all)) {
    return refuse('context-too-long', `the conversation is longer than ${model} can read (${words})`);
  }
  if (status === 429 || (status === 0 && /rate.?limit/i.test(all))) {
    return postpone('rate-limited', `rate limited (${words})`);
  }
  if (status === 0 && !/invalid_request/i.test(all)) {
    return postpone('overloaded', `the server gave up in mid-reply (${words})`);
  }
  // Request timeout and conflict are the only other ones that a second try can mend.
  if (status === 408 || status === 409 || status >= 500) {
    return postpone('overloaded', `the server failed (${words})`);
  }
  return refuse('bad-request', `the server refused the request (${words})`);
}

/** A 404 may as well be the wrong path: only the words tell. Anthropic's are no more than "model: x". */
function isAboutModel(status: number, words: string): boolean {
  return (status === 404 && /model/i.test(words)) || /model_not_found|no models? (?:is )?loaded/i.test(words);
}

/** The words of OpenAI, Anthropic, LM Studio and llama.cpp. */
function isTooLong(words: string): boolean {
  return /context_length_exceeded|(?:context|prompt).{0,30}(?:too long|exceed|overflow)|(?:exceed|longer).{0,40}context|maximum context/i.test(
    words,
  );
}

function judgeNetwork({ baseUrl, hints }: HttpService, cause: unknown): Verdict {
  const chain = errorChain(cause);
  const codes = chain.map(({ code }) => code).filter((code) => typeof code === 'string');
  // Node's fetch has limits of its own, 300 s each, beside the agent's.
  if (codes.some((code) => /^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/.test(code))) {
    return { code: 'stalled', retryable: true, sentence: 'nothing has come for 300 s' };
  }
  const wasLost = codes.some((code) => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(code));
  if (wasLost || chain.some(({ message }) => message === 'terminated')) {
    return { code: 'cut-off', retryable: true, sentence: 'connection lost in mid-reply' };
  }
  if (chain.some(({ name }) => name === 'SyntaxError')) {
    return { code: 'cut-off', retryable: true, sentence: 'the server sent what is no JSON' };
  }
  const reason = quoteBriefly(codes.at(-1) ?? chain.at(-1)?.message ?? 'unknown error', []);
  const sentence = `no answer from ${baseUrl} (${reason}); ${hints.unreachable}`;
  return { code: 'unreachable', retryable: true, sentence };
}

interface ErrorLink {
  readonly code?: unknown;
  readonly name?: string;
  readonly message?: string;
  readonly cause?: unknown;
}

/** An error and what caused it, outermost first: SDK, fetch, socket. */
function errorChain(error: unknown): ErrorLink[] {
  const chain: ErrorLink[] = [];
  for (let link = error; typeof link === 'object' && link !== null && chain.length < 6;) {
    chain.push(link);
    link = (link as ErrorLink).cause;
  }
  return chain;
}

/** Source: RFC 9110, section 10.2.3, and OpenAI's `retry-after-ms`. */
function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (milliseconds >= 0) return milliseconds;
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^[\d.]+$/.test(value)) return Number.parseFloat(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
