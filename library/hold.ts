import { EventStream } from '../coder/event-stream.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { WaysToEnd } from '../batch/hold-job.ts';
import type { HoldOptions, Meeting, MeetingEvent, MeetingResult, Turn } from './meeting.ts';
import type { Household } from './prepare-meeting.ts';
import { TurnCollector } from './turn-collector.ts';

/** How long a message that is being written may take to come, where somebody leaves. */
const politeMs = 30_000;

/**
 * Holds a meeting in this process, by a relay of its own on free ports of the loopback. Any number can be held at a
 * time. Nothing is written but to `transcripts`; no signal is handled, and the process is left alone.
 */
export function hold(options: HoldOptions): Meeting {
  return new RunningMeeting(options);
}

/** As `hold`, as a part of something bigger. */
export function holdWithin(household: Household, options: HoldOptions): Meeting {
  return new RunningMeeting(options, household);
}

class RunningMeeting implements Meeting {
  readonly finished: Promise<MeetingResult>;
  readonly #options: HoldOptions;
  readonly #household: Household | undefined;
  readonly #turns = new EventStream<Turn>(() => this.stop());
  readonly #collector = new TurnCollector((turn) => this.#turns.push(turn));
  #ways: WaysToEnd | undefined;
  #stopAfterMs: number | undefined;
  /** What `onEvent` has thrown. */
  #problem: { readonly error: unknown } | undefined;

  constructor(options: HoldOptions, household?: Household) {
    this.#options = options;
    this.#household = household;
    this.finished = this.#hold();
    this.finished.then(
      () => this.#turns.end(),
      (error: unknown) => this.#turns.end({ error }),
    );
  }

  [Symbol.asyncIterator](): AsyncIterator<Turn> {
    return this.#turns[Symbol.asyncIterator]();
  }

  stop(waitMs = politeMs): void {
    // Who is in more of a hurry than before has a reason.
    if (this.#stopAfterMs !== undefined && this.#stopAfterMs <= waitMs) return;
    this.#stopAfterMs = waitMs;
    this.#ways?.stop(waitMs);
  }

  async #hold(): Promise<MeetingResult> {
    // One signal may be given to many meetings: each listens to one of its own, which goes with it.
    const signal = AbortSignal.any(this.#options.signal ? [this.#options.signal] : []);
    signal.throwIfAborted();
    const { prepareMeeting } = await import('./prepare-meeting.ts');
    const { holdJob } = await import('../batch/hold-job.ts');
    const { job, id, transcripts, environment, close } = await prepareMeeting(this.#options, this.#household);
    try {
      signal.throwIfAborted();
      if (this.#stopAfterMs !== undefined) throw neverBegan();
      const interrupt = (): void => this.#ways?.interrupt();
      const outcome = await holdJob(job, {
        id,
        transcripts,
        environment,
        watch: (event) => this.#watch(event),
        polite: new AbortController().signal,
        politeMs: 0,
        onOpen: (ways) => {
          this.#ways = ways;
          signal.addEventListener('abort', interrupt, { once: true });
          if (signal.aborted) interrupt();
          else if (this.#stopAfterMs !== undefined) ways.stop(this.#stopAfterMs);
        },
      });
      signal.removeEventListener('abort', interrupt);
      // Nothing is left that could be ended.
      this.#ways = undefined;
      this.#collector.flush();
      if (this.#problem) throw this.#problem.error as Error;
      if (outcome.type === 'interrupted') signal.throwIfAborted();
      if (outcome.type === 'failed') {
        throw (outcome.error ?? new ColloquyError(outcome.reason, { code: 'meeting-failed' })) as Error;
      }
      const { result } = this.#collector;
      if (!result) throw neverBegan();
      return result;
    } finally {
      await close();
    }
  }

  #watch(event: MeetingEvent): void {
    this.#collector.hear(event);
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#problem ??= { error };
      // Not from within the relay's own work.
      setImmediate(() => this.stop(0));
    }
  }
}

function neverBegan(): ColloquyError {
  return new ColloquyError('the meeting was stopped before it began', { code: 'never-began' });
}
