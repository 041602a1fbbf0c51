import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { journalFileName } from '../../journal/journal.ts';
import { summarizeMeeting } from '../../journal/meetings.ts';
import { isMeetingName } from '../../wire/greeting.ts';
import type { MeetingRow } from '../api.ts';

interface Known {
  /** Of the journal: when it was written last, and its size. */
  readonly stamp: string;
  readonly row: MeetingRow | undefined;
}

/** So long a look at the folder counts as fresh. Whoever pages through a list need not wait for another. */
const freshMs = 1_000;
const filesAtOnce = 16;
/** So many files are looked at before others have their turn: about 2 ms. */
const looksAtOnce = 250;

/**
 * The meetings of a folder, kept in memory: a journal is read again only when it has changed.
 */
export class Archive {
  readonly transcripts: string;
  readonly #nowMs: () => number;
  #known = new Map<string, Known>();
  #rows: readonly MeetingRow[] = [];
  #lookedAtMs = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(transcripts: string, nowMs: () => number = () => performance.now()) {
    this.transcripts = transcripts;
    this.#nowMs = nowMs;
  }

  /** All meetings, in no order. Rejects with the system's error where the folder cannot be read. */
  async rows(): Promise<readonly MeetingRow[]> {
    if (this.#nowMs() - this.#lookedAtMs >= freshMs) {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
      await this.#looking;
    }
    return this.#rows;
  }

  /** Changes when the meeting does; undefined where it is not known. */
  stampOf(meeting: string): string | undefined {
    return this.#known.get(meeting)?.stamp;
  }

  async #look(): Promise<void> {
    const names = await foldersIn(this.transcripts);
    const known = new Map<string, Known>();
    const changed: { name: string; stamp: string }[] = [];
    for (const [index, name] of names.entries()) {
      if (index % looksAtOnce === looksAtOnce - 1) await setImmediate();
      const stamp = stampOf(path.join(this.transcripts, name, journalFileName));
      if (stamp === undefined) continue;
      const before = this.#known.get(name);
      if (before?.stamp === stamp) known.set(name, before);
      else changed.push({ name, stamp });
    }
    const next = changed.values();
    const work = async (): Promise<void> => {
      for (const { name, stamp } of next)
        known.set(name, { stamp, row: await readRow(this.transcripts, name) });
    };
    await Promise.all(Array.from({ length: filesAtOnce }, work));
    if (changed.length > 0 || known.size !== this.#known.size) {
      this.#rows = [...known.values()].flatMap(({ row }) => row ?? []);
    }
    this.#known = known;
    this.#lookedAtMs = this.#nowMs();
  }
}

/** Real folders only: a link may lead anywhere. */
async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && isMeetingName(entry.name))
      .map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Asked ten thousand times, the system answers at once ten times as fast as by and by. */
function stampOf(file: string): string | undefined {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  return stats?.isFile() ? `${stats.mtimeMs}:${stats.size}` : undefined;
}

async function readRow(transcripts: string, name: string): Promise<MeetingRow | undefined> {
  const summary = await summarizeMeeting(path.join(transcripts, name));
  if (!summary) return undefined;
  const { startedAt, lastAt, parent, seats, turns, tokens, cost, ended, flags = [] } = summary;
  const end = ended === 'unfinished' ? undefined : ended;
  return {
    meeting: name,
    startedAt,
    lastAt,
    ...(parent === undefined ? {} : { parent }),
    seats,
    turns,
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
    // Whether it still runs, no journal can tell.
    state: end === undefined ? 'interrupted' : 'ended',
    ...(end === undefined ? {} : { ended: end }),
    flags: [...flags],
  };
}
