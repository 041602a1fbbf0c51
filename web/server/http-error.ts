import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ConfigError } from '../../config/errors.ts';
import { ColloquyError } from '../../wire/errors.ts';
import type { ApiError } from '../api.ts';

/** A failure that whoever asked is told, with the status that fits it. */
export class HttpError extends ColloquyError {
  readonly status: ContentfulStatusCode;

  constructor(status: ContentfulStatusCode, code: string, message: string) {
    super(message, { code });
    this.status = status;
  }
}

/** What the program's own failures are in HTTP. */
const statuses: Readonly<Record<string, ContentfulStatusCode>> = {
  'unknown-meeting': 404,
  'journal-unreadable': 404,
  'no-file': 404,
  'bad-pattern': 400,
  'too-long': 413,
  'too-different': 413,
  usage: 400,
  'bad-persona': 400,
  'no-key': 400,
  refused: 409,
  moot: 409,
  'not-controlled': 409,
  'control-lost': 409,
  // Another server failed, and not this one.
  'no-models': 502,
};

/** Says what went wrong in one sentence. What nobody foresaw is only named in the server's log. */
export function answerFailure(c: Context, error: unknown, onUnexpected: (error: unknown) => void): Response {
  if (error instanceof HttpError) return fail(c, error.status, error.code, error.message);
  if (error instanceof ConfigError) return fail(c, 400, 'bad-config', error.message);
  if (error instanceof ColloquyError) return fail(c, statuses[error.code] ?? 500, error.code, error.message);
  if (error instanceof HTTPException) return fail(c, 400, 'bad-request', error.message);
  onUnexpected(error);
  return fail(c, 500, 'unexpected', 'the server failed; its log says why');
}

export function fail(c: Context, status: ContentfulStatusCode, code: string, message: string): Response {
  return c.json({ error: { code, message } } satisfies ApiError, status);
}
