import { ProviderError, type ProviderName } from '../provider.ts';
import { redactSecrets } from '../redact.ts';

/** A service as people know it: what to set, and what to start. */
export interface HttpService {
  readonly provider: ProviderName;
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** The environment variable that holds the key. */
  readonly keyVariable?: string;
  /** How to get a model that is missing, or a server that is not running. */
  readonly hints: { readonly unknownModel: string; readonly unreachable: string };
}

/** What a server answered, or what kept it from answering, whichever SDK it came through. */
export interface HttpFailure {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  /** The server's own words. */
  readonly message: string;
  /** The server's own name for it, such as `insufficient_quota` or `overloaded_error`. */
  readonly type?: string | undefined;
  readonly cause: unknown;
}

/** One helpful sentence for every way in which a request can fail, and whether to try again. */
export function toProviderError(
  service: HttpService,
  failure: HttpFailure,
  nowMs = Date.now(),
): ProviderError {
  const { provider, baseUrl, model, keyVariable, hints, apiKey } = service;
  const { status, headers, type, cause } = failure;
  const words = shorten(redactSecrets(failure.message, [apiKey]));
  const fail = (code: string, retryable: boolean, sentence: string): ProviderError => {
    const retryAfterMs = retryable && headers ? readRetryAfterMs(headers, nowMs) : undefined;
    return new ProviderError(`${provider}: ${sentence}`, {
      provider,
      code,
      retryable,
      // The original may quote the key; what is worth knowing of it is in the sentence.
      cause: redactSecrets(String(cause), [apiKey]),
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  };
  const kind = `${type ?? ''} ${failure.message}`;
  if (status === undefined && /overloaded|rate_limit|api_error|server_error/i.test(kind)) {
    return fail('overloaded', true, `the server gave up in mid-reply (${words})`);
  }
  if (status === undefined) {
    const reason = networkReason(cause);
    if (reason === 'mid-reply') return fail('cut-off', true, 'the connection was lost in mid-reply');
    return fail('unreachable', true, `no answer from ${baseUrl} (${reason}); ${hints.unreachable}`);
  }
  if (status === 401 || status === 403) {
    const where = keyVariable === undefined ? 'it asks for a key' : `check ${keyVariable}`;
    return fail('wrong-key', false, `the key was refused (${status}); ${where}`);
  }
  if (status === 404)
    return fail('unknown-model', false, `no model "${model}" at ${baseUrl}; ${hints.unknownModel}`);
  if (status === 429 && /insufficient_quota|billing/i.test(kind)) {
    return fail('no-quota', false, `the account has no quota left (${words})`);
  }
  if (status === 429) return fail('rate-limited', true, `rate limited (${words})`);
  if (status === 408 || status === 409 || status >= 500)
    return fail('overloaded', true, `the server failed (${status}: ${words})`);
  if (/context.{0,10}(?:length|window)|too long|maximum context/i.test(kind)) {
    return fail('context-too-long', false, `the conversation is longer than ${model} can read (${words})`);
  }
  return fail('bad-request', false, `the server refused the request (${status}: ${words})`);
}

/** Source: RFC 9110, section 10.2.3, and OpenAI's `retry-after-ms`. */
function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (milliseconds >= 0) return milliseconds;
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number.parseFloat(value);
  if (/^\s*[\d.]+\s*$/.test(value) && seconds >= 0) return seconds * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Why a request got no answer, from the innermost error that says it. */
function networkReason(error: unknown): string {
  const chain: { code?: string; name?: string; message?: string; cause?: unknown }[] = [];
  for (let inner = error as (typeof chain)[number] | undefined; inner && chain.length < 6;) {
    chain.push(inner);
    inner = inner.cause as (typeof chain)[number] | undefined;
  }
  const codes = chain.map(({ code }) => code).filter((code) => typeof code === 'string');
  if (codes.includes('UND_ERR_SOCKET') || chain.some(({ message }) => message === 'terminated'))
    return 'mid-reply';
  return codes.at(-1) ?? chain.at(-1)?.message ?? 'unknown error';
}

function shorten(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
