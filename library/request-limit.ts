import { RequestLimit as SharedLimit, type RequestGate } from '../agents/request-limit.ts';
import { ColloquyError } from '../wire/errors.ts';

/** What is left out, or 0, is not limited. */
export interface RequestLimitOptions {
  /** Requests that may begin in a minute, evenly spread. */
  readonly perMinute?: number;
  /** Requests that may be under way at the same time. */
  readonly atOnce?: number;
}

/** What speakers of any number of meetings share who ask one service; made by `requestLimit`. */
export type RequestLimit = RequestGate;

/**
 * One limit for all the speakers it is given to, in whatever meetings they sit. Who came first goes first; where the
 * service says that it is too much, all of them leave it alone. Throws ColloquyError `usage`.
 */
export function requestLimit({ perMinute = 0, atOnce = 0 }: RequestLimitOptions): RequestLimit {
  if (!(perMinute >= 0 && perMinute < Infinity)) throw wrong('perMinute', 'a number', perMinute);
  if (!(Number.isInteger(atOnce) && atOnce >= 0)) throw wrong('atOnce', 'a whole number', atOnce);
  return new SharedLimit({ perMinute, atOnce });
}

function wrong(key: string, what: string, given: unknown): ColloquyError {
  return new ColloquyError(
    `requestLimit: ${key} is ${String(given)}; give ${what} of 0 or more, or leave it out`,
    {
      code: 'usage',
    },
  );
}
