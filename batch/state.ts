import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { toJournalError } from '../journal/journal-error.ts';
import { isHeld, thisProcess, writePrivately } from '../proxy/seats-file.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';

const failure = z.object({ tries: z.number(), reason: z.string() });
const stateSchema = z.object({
  /** Digest of the text of each persona and of who writes for it, when it was first held. */
  speakers: z.record(z.string(), z.string()),
  /** How long the batch has run, over all its runs. */
  elapsedMs: z.number(),
  /** By meeting; whoever succeeds in the end is taken off. */
  failures: z.record(z.string(), failure),
  /** The Redis on which meetings are that have not been brought home. */
  redis: z.string().optional(),
});
type State = z.infer<typeof stateSchema>;

/** How often the clock of a batch is written down: so much may be forgotten by one that is killed. */
const clockIntervalMs = 1_000;

/** What a batch remembers besides the journals of its meetings, in `batches/NAME`. Held by one process at a time. */
export class BatchFolder {
  readonly path: string;
  readonly #state: State;
  readonly #since = performance.now();
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  readonly #onTrouble: (sentence: string) => void;
  /** What was said last of a disk that takes nothing. */
  #trouble = '';

  /**
   * Throws ColloquyError `batch-taken` where another process runs it, or `bad-batch`. `onTrouble` is told when what it
   * remembers can not be written down for a while: its meetings wait for the disk by themselves.
   */
  constructor(folder: string, onTrouble: (sentence: string) => void = () => {}) {
    this.path = folder;
    this.#onTrouble = onTrouble;
    mkdirSync(this.meetings, { recursive: true });
    takeLock(path.join(folder, 'lock.json'), folder);
    this.#state = readState(this.#file);
    this.#before = this.#state.elapsedMs;
    this.#timer = setInterval(() => this.#save(), clockIntervalMs);
    this.#timer.unref();
  }

  /** Where the journals and transcripts are. */
  get meetings(): string {
    return path.join(this.path, 'meetings');
  }

  /** Where the meetings are that came to nothing, one folder a try. */
  get failed(): string {
    return path.join(this.path, 'failed');
  }

  get elapsedMs(): number {
    return this.#before + performance.now() - this.#since;
  }

  /** False as long as the disk takes nothing: what is begun then comes to nothing. */
  get isWritable(): boolean {
    return this.#trouble === '';
  }

  /** The speakers that are not who they were when the batch began; those that are new are written down. */
  changedSpeakers(digests: ReadonlyMap<string, string>): string[] {
    const { speakers } = this.#state;
    const changed = [...digests].filter(([name, digest]) => (speakers[name] ?? digest) !== digest);
    if (changed.length === 0) Object.assign(speakers, Object.fromEntries(digests));
    this.#write();
    return changed.map(([name]) => name);
  }

  /** The Redis on which workers may hold meetings of this batch, whoever has put them there. */
  get sentTo(): string | undefined {
    return this.#state.redis;
  }

  /** Written down before anything is sent there. */
  send(redis: string): void {
    this.#state.redis = redis;
    this.#write();
  }

  /** Nothing of the batch is anywhere else. */
  allCameHome(): void {
    delete this.#state.redis;
    this.#save();
  }

  /** Writes down why a meeting came to nothing; returns how often it was tried. */
  fail(meeting: string, reason: string): number {
    const tries = (this.#state.failures[meeting]?.tries ?? 0) + 1;
    this.#state.failures[meeting] = { tries, reason };
    this.#save();
    return tries;
  }

  forgive(meeting: string): void {
    if (!(meeting in this.#state.failures)) return;
    delete this.#state.failures[meeting];
    this.#save();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#save();
    rmSync(path.join(this.path, 'lock.json'), { force: true });
  }

  get #file(): string {
    return path.join(this.path, 'batch.json');
  }

  /** Where the disk refuses, the next time may do. */
  #save(): void {
    try {
      this.#write();
      this.#trouble = '';
    } catch (error) {
      const sentence = messageOf(error);
      if (sentence !== this.#trouble) this.#onTrouble(sentence);
      this.#trouble = sentence;
    }
  }

  /** Throws ColloquyError. */
  #write(): void {
    const file = this.#file;
    try {
      writePrivately(file, { ...this.#state, elapsedMs: Math.round(this.elapsedMs) });
    } catch (error) {
      throw toJournalError(`${file} cannot be written`, error);
    }
  }
}

/** Why meetings came to nothing, and how often they were tried, without taking the batch. Throws ColloquyError `bad-batch`. */
export function readFailures(folder: string): State['failures'] {
  return readState(path.join(folder, 'batch.json')).failures;
}

function readState(file: string): State {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { speakers: {}, elapsedMs: 0, failures: {} };
    throw new ColloquyError(`${file} cannot be read: ${messageOf(error)}`, {
      code: 'bad-batch',
      cause: error,
    });
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ColloquyError(
      `${file} is no state of a batch; put it back as it was, or delete it: the meetings are kept beside it`,
      { code: 'bad-batch', cause: error },
    );
  }
}

const owner = z.object({ pid: z.number(), processStart: z.string().optional(), host: z.string() });

function takeLock(file: string, folder: string): void {
  const content = JSON.stringify(thisProcess());
  for (let tries = 0; ; tries++) {
    try {
      return writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        // It is there, and empty, if this is what filled the disk.
        rmSync(file, { force: true });
        throw toJournalError(`${file} cannot be written`, error);
      }
      if (tries > 0) throw taken(folder, error);
      const held = readOwner(file);
      if (held && isHeld(held)) {
        throw taken(folder, error, `process ${held.pid} on ${held.host}`);
      }
      rmSync(file, { force: true });
    }
  }
}

/** Undefined where the one who wrote it was killed in the middle. */
function readOwner(file: string): Parameters<typeof isHeld>[0] | undefined {
  try {
    return owner.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function taken(folder: string, cause: unknown, by = messageOf(cause)): ColloquyError {
  return new ColloquyError(
    `the batch in ${folder} is being run already (${by}); wait for it, or end it first`,
    {
      code: 'batch-taken',
      cause,
    },
  );
}
