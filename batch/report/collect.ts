import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readOutline, type Outline } from '../../journal/conversation.ts';
import { costOf, priceOfSeat } from '../../journal/cost.ts';
import { journalFileName } from '../../journal/journal.ts';
import { describeModel } from '../../journal/render/sentences.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { seats, type Seat } from '../../wire/types.ts';
import type { Job } from '../expand.ts';
import { readVerdicts, type VerdictFile } from '../judges/verdict-file.ts';
import { readFailures } from '../state.ts';
import { readTally, type Tally } from '../tally.ts';

/** `open`: not begun. */
export type MeetingStatus = 'held' | 'failed' | 'interrupted' | 'open';

/** What one speaker did in one meeting. */
export interface Side {
  readonly persona: string;
  /** Who wrote for it: as the experiment calls it, or else provider and model. */
  readonly model: string;
  readonly provider: string;
  readonly providerModel: string;
  readonly turns: number;
  readonly characters: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; undefined where no price is known. */
  readonly cost: number | undefined;
  /** For each turn that came with it. */
  readonly latenciesMs: readonly number[];
  /** Names of its flags, one for each time. */
  readonly flags: readonly string[];
}

export interface MeetingRecord {
  readonly id: string;
  readonly job: Job;
  readonly status: MeetingStatus;
  /** Absent where there is no journal. */
  readonly outline?: Outline;
  readonly sides: { readonly [seat in Seat]: Side };
  readonly verdicts: readonly VerdictFile[];
  /** That were paid for and do not count any more. */
  readonly formerVerdicts: readonly VerdictFile[];
  /** Why it came to nothing, the last time it was tried. */
  readonly failure?: { readonly tries: number; readonly reason: string };
  /** From the folder of the batch. */
  readonly transcript?: string;
  /** Tries that came to nothing. */
  readonly failedTries: readonly FailedTry[];
}

interface FailedTry extends Pick<Tally, 'turns' | 'tokens' | 'cost'> {
  readonly transcript?: string;
}

/** Which verdicts count for the meeting in a folder; absent: all that are not set aside. */
export type DigestsOf = (meeting: string) => Promise<ReadonlySet<string>>;

/** What there is of every meeting of a batch. Rejects with ColloquyError `journal-unreadable` or `bad-batch`. */
export async function collectBatch(
  folder: string,
  jobs: readonly Job[],
  digestsOf?: DigestsOf,
): Promise<MeetingRecord[]> {
  const failures = readFailures(folder);
  const failedFolders = foldersIn(path.join(folder, 'failed'));
  const records: MeetingRecord[] = [];
  for (const job of jobs) {
    const tries = failedFolders.filter(
      (name) => name.startsWith(`${job.id}-`) && /^\d+$/.test(name.slice(job.id.length + 1)),
    );
    records.push(await readMeeting(folder, job, failures[job.id], tries, digestsOf));
  }
  return records;
}

async function readMeeting(
  folder: string,
  job: Job,
  failure: MeetingRecord['failure'],
  tries: readonly string[],
  digestsOf: DigestsOf | undefined,
): Promise<MeetingRecord> {
  const own = path.join(folder, 'meetings', job.id);
  const journal = path.join(own, journalFileName);
  const outline = existsSync(journal) ? await readOutline(journal) : undefined;
  const hasBegun = outline?.settings !== undefined;
  const status = statusOf(hasBegun ? outline : undefined, failure !== undefined);
  const { verdicts, former } = readVerdicts(own);
  const digests = digestsOf && verdicts.length > 0 ? await digestsOf(own) : undefined;
  const counts = ({ digest }: VerdictFile): boolean => digests?.has(digest) ?? true;
  const transcriptOf = (kind: string, name: string): string[] => {
    const file = [kind, name, 'transcript.html'];
    return existsSync(path.join(folder, ...file)) ? [file.join('/')] : [];
  };
  const [transcript] = transcriptOf('meetings', job.id);
  const failedTries: FailedTry[] = [];
  for (const name of tries) {
    const tally = (await readTally(path.join(folder, 'failed', name))) ?? { turns: 0, tokens: 0, cost: 0 };
    const [own] = transcriptOf('failed', name);
    failedTries.push({ ...tally, ...(own === undefined ? {} : { transcript: own }) });
  }
  return {
    id: job.id,
    job,
    status,
    ...(hasBegun ? { outline } : {}),
    sides: { a: sideOf(job, 'a', outline), b: sideOf(job, 'b', outline) },
    verdicts: verdicts.filter(counts),
    formerVerdicts: [...former, ...verdicts.filter((verdict) => !counts(verdict))],
    ...(failure && status !== 'held' ? { failure } : {}),
    ...(transcript === undefined ? {} : { transcript }),
    failedTries,
  };
}

function statusOf(outline: Outline | undefined, hasFailed: boolean): MeetingStatus {
  if (outline?.stop) {
    const { reason } = outline.stop;
    return reason === 'error' || reason === 'agent-lost' ? 'failed' : 'held';
  }
  if (outline) return 'interrupted';
  return hasFailed ? 'failed' : 'open';
}

function sideOf(job: Job, seat: Seat, outline: Outline | undefined): Side {
  const { persona, service } = job.seats[seat];
  const totals = outline?.totals[seat];
  const { provider = '', model = '' } = outline?.seats[seat] ?? {};
  const price = outline && priceOfSeat(outline.settings, outline.seats, seat);
  const called = typeof service === 'object' ? service.name : undefined;
  const wished = typeof service === 'string' ? service : '';
  const known = describeModel({ provider, model }) || visibleLine(wished) || 'not known yet';
  const usage = totals?.usage;
  return {
    persona: visibleLine(persona),
    model: called === undefined ? known : `${visibleLine(called)} (${known})`,
    provider,
    providerModel: model,
    turns: totals?.turns ?? 0,
    characters: totals?.characters ?? 0,
    inputTokens: usage?.input ?? 0,
    outputTokens: usage?.output ?? 0,
    cost: price && (usage ? costOf(usage, price) : 0),
    latenciesMs: totals?.latenciesMs ?? [],
    flags: (outline?.flags ?? []).filter((flag) => flag.seat === seat).map(({ flag }) => flag),
  };
}

export function sidesOf({ sides }: Pick<MeetingRecord, 'sides'>): Side[] {
  return seats.map((seat) => sides[seat]);
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
