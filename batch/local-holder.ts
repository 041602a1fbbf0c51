import path from 'node:path';
import type { ViewerEvent } from '../proxy/viewer.ts';
import type { Job } from './expand.ts';
import { holdJob, type HoldOptions, type Outcome, type PreparedJob } from './hold-job.ts';
import type { HoldingOptions, MeetingHolder, Spent } from './holder.ts';
import { readTally } from './tally.ts';

type Turn = Extract<ViewerEvent, { type: 'turn' }>;

export interface LocalHolderOptions {
  /** Who sits down, and by what rules. Rejects with ColloquyError. */
  readonly prepare: (job: Job) => Promise<PreparedJob>;
  readonly atOnce: number;
  readonly retries: number;
  /** What a turn costs. US dollars. */
  readonly costOfTurn: CostOfTurn;
  readonly environment: HoldOptions['environment'];
  /** How long a turn may take to come to its end. */
  readonly politeMs: number;
}

export type CostOfTurn = (turn: Turn, job: PreparedJob) => number;

/** In this process. */
export class LocalHolder implements MeetingHolder {
  readonly #options: LocalHolderOptions;

  constructor(options: LocalHolderOptions) {
    this.#options = options;
  }

  get atOnce(): number {
    return this.#options.atOnce;
  }

  get retries(): number {
    return this.#options.retries;
  }

  async hold(job: Job, { meetings, polite, onBegun, onSpent }: HoldingOptions): Promise<Outcome> {
    const { prepare, costOfTurn, environment, politeMs } = this.#options;
    onBegun();
    const prepared = await prepare(job);
    const before = await readTally(path.join(meetings, job.id));
    const watch = countSpent(before ?? nothing, (turn) => costOfTurn(turn, prepared), onSpent);
    return holdJob(prepared, {
      ...{ id: job.id, transcripts: meetings, environment, watch, polite, politeMs },
      streams: false,
    });
  }
}

const nothing: Spent = { tokens: 0, cost: 0 };

/** Adds up what the turns take, on top of what was taken before. */
export function countSpent(
  before: Spent,
  costOf: (turn: Turn) => number,
  onSpent: (spent: Spent) => void,
): (event: ViewerEvent) => void {
  let { tokens, cost } = before;
  return (event) => {
    if (event.type !== 'turn' || !event.meta?.usage) return;
    const { input, output } = event.meta.usage;
    tokens += input + output;
    cost += costOf(event);
    onSpent({ tokens, cost });
  };
}
