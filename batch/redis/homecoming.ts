import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import * as z from 'zod';
import { journalFileName } from '../../journal/journal.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { removeSeatsFile, writeSeatsFile, type SeatsFile } from '../../proxy/seats-file.ts';
import { messageOf } from '../../wire/errors.ts';
import type { Home, Spent } from '../holder.ts';
import { readTally } from '../tally.ts';
import { batchKeys, meetingKeys } from './keys.ts';
import { removeFile, writeFile } from './meeting-files.ts';
import { cameHomeScript, unkeptField } from './scripts.ts';
import { meetingId } from './shipment.ts';

const finishedSchema = z.object({
  id: meetingId,
  kind: z.enum(['done', 'failed', 'open']),
  reason: z.string(),
});
/** What became of a meeting; `open`: it was left in the middle. */
export type Finished = z.infer<typeof finishedSchema>;

export interface HomecomingOptions {
  readonly redis: Redis;
  readonly batch: string;
  /** Makes the transcripts of a journal that is there. */
  readonly render: (folder: string) => Promise<void>;
  readonly onTrouble: (sentence: string) => void;
}

/** Undefined where it is none of ours. */
export function readFinished(entry: string): Finished | undefined {
  try {
    return finishedSchema.parse(JSON.parse(entry));
  } catch {
    return undefined;
  }
}

/** Brings home what workers have written: to the disk first, and only then out of Redis. */
export class Homecoming {
  readonly #options: HomecomingOptions;
  #spent: Spent = { tokens: 0, cost: 0 };

  constructor(options: HomecomingOptions) {
    this.#options = options;
  }

  /** Taken by meetings that are not in Redis any more. */
  get spent(): Spent {
    return this.#spent;
  }

  startFrom(spent: Spent): void {
    this.#spent = spent;
  }

  /** Rejects with the error of the disk or of Redis; what was not brought home is still there. */
  async bring({ id, kind }: Pick<Finished, 'id' | 'kind'>, { meetings, setAside }: Home): Promise<void> {
    const { redis, batch, render } = this.#options;
    const keys = { ...batchKeys(batch), ...meetingKeys(batch, id) };
    const folder = path.join(meetings, id);
    const tries = await redis.lrangeBuffer(keys.tries, 0, -1);
    for (const journal of tries) {
      rmSync(folder, { recursive: true, force: true });
      writeJournal(folder, journal);
      const tally = await readTally(folder);
      if (await setAside(id)) this.#add(tally);
    }
    const [journal, files, { seats, ...rest }] = await Promise.all([
      redis.getBuffer(keys.journal),
      redis.hgetallBuffer(keys.files),
      redis.hgetall(keys.meeting),
    ]);
    if (journal) {
      // What it made here before it went elsewhere is here still, and may be too much for Redis.
      if (!beganHere(folder, journal)) rmSync(folder, { recursive: true, force: true });
      await this.#bringFiles(id, folder, files);
      const unkept = Object.keys(rest).filter((field) => field.startsWith(unkeptField));
      this.#leaveOut(
        id,
        folder,
        unkept.map((field) => field.slice(unkeptField.length)),
      );
      writeJournal(folder, journal);
      removeSeatsFile(folder);
      if (kind === 'open' && seats !== undefined) {
        writeSeatsFile(folder, JSON.parse(seats) as SeatsFile, 'nobody');
      }
      await render(folder);
      if (kind !== 'open') this.#add(await readTally(folder));
    }
    // Who has been held must not be begun again by a job that the queue gives out twice.
    await cameHomeScript.run(
      redis,
      [keys.batch, keys.meeting, keys.journal, keys.tries, keys.spent, keys.files],
      [id, kind, tries.length],
    );
  }

  /** One that cannot be written here, whatever it is, must not keep the meeting away. Rejects where the disk refuses. */
  async #bringFiles(id: string, folder: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
    for (const [name, bytes] of Object.entries(files)) {
      try {
        await writeFile(folder, name, bytes);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== undefined && !inTheWay.has(code)) throw error;
        this.#options.onTrouble(`${id}: ${visibleLine(name)} is not brought home: ${messageOf(error)}`);
      }
    }
  }

  /** What is here of them is not what they were in the end. */
  #leaveOut(id: string, folder: string, names: readonly string[]): void {
    for (const name of names) {
      this.#options.onTrouble(`${id}: ${visibleLine(name)} was too much for Redis, and is not at home`);
      try {
        removeFile(folder, name);
      } catch {
        // No name of a file, or that of a folder: what is here is none of it.
      }
    }
  }

  #add({ tokens, cost }: Spent = { tokens: 0, cost: 0 }): void {
    this.#spent = { tokens: this.#spent.tokens + tokens, cost: this.#spent.cost + cost };
  }
}

/** A file stands where a folder is wanted, or a folder where a file is. */
const inTheWay: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']);

/** Whether that is how the journal goes on that is here. */
function beganHere(folder: string, journal: Buffer): boolean {
  const own = path.join(folder, journalFileName);
  if (!existsSync(own)) return false;
  const before = readFileSync(own);
  return journal.subarray(0, before.length).equals(before);
}

function writeJournal(folder: string, journal: Buffer): void {
  mkdirSync(folder, { recursive: true });
  const own = path.join(folder, journalFileName);
  // Redis forgets it afterwards; and what is here is all there is of it, if this is the moment in which one is killed.
  writeFileSync(`${own}.tmp`, journal, { flush: true });
  renameSync(`${own}.tmp`, own);
}
