import { describe, expect, it } from 'vitest';
import {
  toProviderError,
  type HttpFailure,
  type HttpService,
} from '../../../agents/providers/http-failure.ts';

const service: HttpService = {
  provider: 'openai',
  baseUrl: 'https://me:word@host/v1',
  model: 'parrot',
  apiKey: 'correct-horse-battery',
  keyVariable: 'OPENAI_API_KEY',
  urlVariable: 'OPENAI_BASE_URL',
  hints: { unknownModel: 'choose another', unreachable: 'check the network' },
};
const noon = Date.parse('2026-11-21T12:00:00Z');

function judge(failure: HttpFailure) {
  return toProviderError(service, failure, noon);
}

function answer(status: number | undefined, words = 'no', kind?: string): HttpFailure {
  return { type: 'answer', status, words, kind };
}

/** What fetch throws: a TypeError around what the socket said. */
function network(code: string, message = 'fetch failed'): HttpFailure {
  return {
    type: 'network',
    cause: new TypeError(message, { cause: Object.assign(new Error('socket'), { code }) }),
  };
}

describe('a failure of a service over HTTP', () => {
  it.each([
    ['401', answer(401), 'wrong-key', false],
    ['403', answer(403, 'not in your country'), 'wrong-key', false],
    ['404 that names a model', answer(404, 'model: parrot'), 'unknown-model', false],
    ['404 of a wrong path', answer(404, 'page not found'), 'bad-request', false],
    ['400 that names a model', answer(400, 'Failed to load', 'model_not_found'), 'unknown-model', false],
    ['402', answer(402), 'no-quota', false],
    ['429', answer(429), 'rate-limited', true],
    ['429 with an empty account', answer(429, 'pay', 'insufficient_quota'), 'no-quota', false],
    ['400 with an empty account', answer(400, 'Your credit balance is too low'), 'no-quota', false],
    ['400 for its length', answer(400, '9 > 8', 'context_length_exceeded'), 'context-too-long', false],
    ['413', answer(413), 'context-too-long', false],
    ['400', answer(400), 'bad-request', false],
    ['422', answer(422), 'bad-request', false],
    ['408', answer(408), 'overloaded', true],
    ['500', answer(500), 'overloaded', true],
    ['504', answer(504), 'overloaded', true],
    ['529', answer(529), 'overloaded', true],
    ['an overload in mid-reply', answer(undefined, 'Overloaded', 'overloaded_error'), 'overloaded', true],
    ['a rate limit in mid-reply', answer(undefined, 'slow', 'rate_limit_error'), 'rate-limited', true],
    ['a refusal in mid-reply', answer(undefined, 'no', 'invalid_request_error'), 'bad-request', false],
    ['nobody who listens', network('ECONNREFUSED'), 'unreachable', true],
    ['a name that nobody knows', network('ENOTFOUND'), 'unreachable', true],
    ['a reset', network('ECONNRESET', 'terminated'), 'cut-off', true],
    ['a socket that closed', network('UND_ERR_SOCKET', 'terminated'), 'cut-off', true],
    ["fetch's own limit", network('UND_ERR_HEADERS_TIMEOUT'), 'stalled', true],
    ['half a line of JSON', { type: 'network', cause: new SyntaxError('JSON') } as const, 'cut-off', true],
  ])('is known: %s', (_what, failure, code, retryable) => {
    expect(judge(failure)).toMatchObject({ code, retryable, provider: 'openai' });
    expect(judge(failure).message).toMatch(/^openai: [^\n]+$/);
  });

  it.each([
    ['seconds', { 'retry-after': '75' }, 75_000],
    ['parts of a second', { 'retry-after': '0.5' }, 500],
    ['a date', { 'retry-after': 'Sat, 21 Nov 2026 12:01:30 GMT' }, 90_000],
    ['a date that has passed', { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    ['milliseconds, which are more exact', { 'retry-after-ms': '1250', 'retry-after': '2' }, 1_250],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
  ])('tells how long to wait: %s', (_what, headers, retryAfterMs) => {
    const failure: HttpFailure = { type: 'answer', status: 429, words: 'no', headers: new Headers(headers) };
    expect(judge(failure).retryAfterMs).toBe(retryAfterMs);
  });

  it('holds neither the key nor a password, wherever it is looked for', () => {
    const errors = [
      judge(answer(401, 'bad key correct-horse-battery, or corr****tery, or correct-horse…')),
      judge(answer(400, 'see https://me:word@host')),
      judge(answer(404, 'model')),
      judge(network('ECONNREFUSED')),
    ];
    for (const error of errors) {
      expect(`${error.message} ${JSON.stringify({ ...error })} ${String(error.cause)}`).not.toMatch(
        /corr|tery|word/,
      );
    }
  });

  it('does not quote a page of HTML', () => {
    expect(judge(answer(502, '<html>\n<h1>Bad gateway')).message).toBe('openai: the server failed (502)');
  });

  it('has a sentence for a server without any model', () => {
    const error = toProviderError(
      { ...service, model: '', baseUrl: 'http://host/v1' },
      answer(400, 'No models loaded.'),
    );
    expect(error.message).toBe('openai: no model is loaded at http://host/v1; choose another');
  });
});
