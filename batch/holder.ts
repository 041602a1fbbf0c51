import type { Job } from './expand.ts';
import type { Outcome } from './hold-job.ts';

/** Read and written, of both; US dollars. */
export interface Spent {
  readonly tokens: number;
  readonly cost: number;
}

/** Where meetings go when they are over. */
export interface Home {
  /** The folder of each is here when it is over, or is already. */
  readonly meetings: string;
  /**
   * Puts a meeting's folder away, of a try that came to nothing and is followed by another. False where that try had been
   * put away already, by somebody who died before that was known.
   */
  readonly setAside: (id: string) => Promise<boolean>;
}

export interface HoldingOptions extends Home {
  /** Aborted: the turns that are being written may come to their end, and then all stops. */
  readonly polite: AbortSignal;
  /** Somebody has begun with it. */
  readonly onBegun: () => void;
  /** Nobody holds it for now: it was handed back, or is tried again later. */
  readonly onHandedBack: () => void;
  /** What the meeting has taken, each time in all. */
  readonly onSpent: (spent: Spent) => void;
}

/** Holds the meetings of a batch: in this process, or wherever there are workers. */
export interface MeetingHolder {
  /** How many it takes at a time. */
  readonly atOnce: number;
  /** How often one that failed is given to it again. */
  readonly retries: number;
  /** How many processes elsewhere take meetings; undefined where there are none, or nobody can say. */
  readonly workers?: number | undefined;
  /** Called first: brings home what was finished while nobody watched. */
  fetch?(home: Home): Promise<void>;
  /** Called when it is known what the meetings that are over have taken, before anything is held. */
  begin?(spent: Spent): Promise<void>;
  /** Rejects where it cannot be held at all. */
  hold(job: Job, options: HoldingOptions): Promise<Outcome>;
  /** Called last. `isAll`: nothing is left to be held. */
  end?(isAll: boolean): Promise<void>;
}
