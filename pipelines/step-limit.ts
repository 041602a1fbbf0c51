import { ColloquyError } from '../wire/errors.ts';

/** The time that one attempt at a step may take. */
export interface StepLimit {
  /** Aborted when the time is up, or with the run. */
  readonly signal: AbortSignal;
  /** Never resolves; rejects as soon as the signal is aborted, for what does not listen to it. */
  readonly over: Promise<never>;
  end(): void;
}

/** `seconds`: 0 is no limit. */
export function limitTime(seconds: number, signal: AbortSignal): StepLimit {
  const limit = new AbortController();
  const late = new ColloquyError(`it took more than ${seconds} s, the timeout of the step`, {
    code: 'step-timeout',
  });
  const timer = seconds > 0 ? setTimeout(() => limit.abort(late), seconds * 1_000) : undefined;
  const both = AbortSignal.any([signal, limit.signal]);
  const over = new Promise<never>((_, reject) => {
    both.addEventListener('abort', () => reject(both.reason as Error), { once: true });
  });
  over.catch(() => {});
  return { signal: both, over, end: () => clearTimeout(timer) };
}
