import type { Block, BlockResult } from '../journal/block.ts';
import type { MeetingEvent } from '../journal/event.ts';
import { messageOf } from '../wire/errors.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { Execution, Report, Work } from './execution.ts';

type CodeEvent = Extract<MeetingEvent, { type: 'block' | 'result' }>;

interface Running<T> {
  readonly turn: number;
  /** What waits for the results. */
  readonly speech: T;
  /** What came from the seat, or became of it, meanwhile. */
  readonly later: (() => void)[];
  /** What is being run just now. */
  current?: CodeEvent & { type: 'block' };
}

/**
 * Turns whose code is being run. Each waits for its results, and all that its seat does meanwhile waits
 * behind it.
 */
export class RunningTurns<T> {
  readonly #execution: Execution;
  readonly #record: (event: CodeEvent) => void;
  readonly #running: { [seat in Seat]?: Running<T> } = {};

  /** `record` journals and shows. */
  constructor(execution: Execution, record: (event: CodeEvent) => void) {
    this.#execution = execution;
    this.#record = record;
  }

  /** Puts off what concerns a seat whose code is running. False where nothing is, so it can be done now. */
  putOff(seat: Seat, action: () => void): boolean {
    const running = this.#running[seat];
    running?.later.push(action);
    return running !== undefined;
  }

  /** Runs the code of a turn; then calls `onDone`, and does what was put off. */
  start(seat: Seat, turn: number, work: Work, speech: T, onDone: (report: Report) => void): void {
    const running: Running<T> = { turn, speech, later: [] };
    this.#running[seat] = running;
    const about = { seat, turn };
    void this.#execution
      .run(work, seat, turn, {
        onBlock: (block) => {
          running.current = { type: 'block', ...about, ...block };
          if (this.#running[seat] === running) this.#record(running.current);
        },
        onResult: ({ kind, number }, result, tier) => {
          delete running.current;
          const how = tier === undefined ? {} : { tier };
          if (this.#running[seat] === running)
            this.#record({ type: 'result', ...about, kind, number, ...result, ...how });
        },
      })
      .catch((error: unknown): Report => ({
        results: '',
        problems: '',
        note: `Your code was not run: ${messageOf(error)}`,
      }))
      .then((report) => {
        if (this.#running[seat] !== running) return;
        delete this.#running[seat];
        onDone(report);
        for (const action of running.later) action();
      });
  }

  /** Ends them all, and returns what still waits to be said. */
  stop(): { readonly seat: Seat; readonly turn: number; readonly speech: T }[] {
    this.#execution.close();
    return seats.flatMap((seat) => {
      const running = this.#running[seat];
      if (!running) return [];
      delete this.#running[seat];
      if (running.current) this.#record(unfinished(running.current));
      return [{ seat, turn: running.turn, speech: running.speech }];
    });
  }
}

/** What became of blocks that a journal tells of; one without a result was lost with the proxy. */
export function executedOf(
  events: readonly CodeEvent[],
): { readonly block: Block; readonly result: BlockResult; readonly isLost: boolean }[] {
  return events.flatMap((event, at) => {
    if (event.type !== 'block') return [];
    const { kind, number, language, code } = event;
    const result = events
      .slice(at)
      .find((later) => later.type === 'result' && later.kind === kind && later.number === number);
    const isLost = result?.type !== 'result';
    const lost = resultOf(unfinished(event, 'the proxy ended while it ran'));
    return [{ block: { kind, number, language, code }, result: isLost ? lost : resultOf(result), isLost }];
  });
}

function resultOf({ outcome, output, outputBytes, detail, files, ms }: BlockResult): BlockResult {
  return { outcome, output, outputBytes, ...(detail === undefined ? {} : { detail }), files, ms };
}

function unfinished(
  { seat, turn, kind, number }: { seat: Seat; turn: number } & Pick<Block, 'kind' | 'number'>,
  detail = 'the meeting ended while it ran',
): Extract<CodeEvent, { type: 'result' }> {
  return {
    type: 'result',
    seat,
    turn,
    kind,
    number,
    outcome: 'lost',
    output: '',
    outputBytes: 0,
    detail,
    files: [],
    ms: 0,
  };
}
