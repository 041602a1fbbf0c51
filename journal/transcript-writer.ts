import { open } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, type Clock } from '../wire/clock.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { meetingNameOf, OutlineBuilder } from './conversation.ts';
import { journalFileName } from './journal.ts';
import { journalItems, journalStart } from './read.ts';
import { loadRenderings, type Rendering } from './render/renderings.ts';
import { Pace, Turnstile } from './render/turnstile.ts';
import { renderWhole } from './render/whole.ts';
import { WorkspaceReader } from './render/workspace.ts';

/** Writes the transcripts of one meeting behind its journal. Never throws, never rejects. */
export interface TranscriptWriter {
  /** Something was appended to the journal. Costs next to nothing. */
  poke(): void;
  /** The journal is closed: renders everything once more, whole. Resolves when that is done, or failed. */
  finish(): Promise<void>;
}

export interface TranscriptWriterOptions {
  /** The folder of the meeting, with its journal. */
  readonly folder: string;
  /** How long after a poke the files follow. */
  readonly intervalMs?: number;
  readonly clock?: Clock;
  /** Called once, with the first thing that went wrong: a full disk, a folder that is gone. */
  readonly onError?: (error: ColloquyError) => void;
}

export function createTranscriptWriter(options: TranscriptWriterOptions): TranscriptWriter {
  return new Follower(options);
}

/**
 * Renders the transcripts of a meeting again from its journal, whether it is finished, running or was
 * killed. Throws ColloquyError `transcript-failed`.
 */
export async function renderTranscripts(folder: string): Promise<void> {
  try {
    await turnstile.run(() => renderWhole(folder, path.join(folder, journalFileName)));
  } catch (error) {
    throw toTranscriptError(folder, error);
  }
}

/** One for the process, however many meetings it holds: rendering must not outweigh relaying. */
const turnstile = new Turnstile(2);

class Follower implements TranscriptWriter {
  readonly #folder: string;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #onError: (error: ColloquyError) => void;
  readonly #files: GrowingFiles;
  #state: 'following' | 'failed' | 'finishing' = 'following';
  #dirty = false;
  #cancelTimer: (() => void) | undefined;
  #work: Promise<void> | undefined;
  #finished: Promise<void> | undefined;

  constructor({
    folder,
    intervalMs = 500,
    clock = systemClock,
    onError = () => {},
  }: TranscriptWriterOptions) {
    this.#folder = folder;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#onError = onError;
    this.#files = new GrowingFiles(folder);
  }

  poke(): void {
    this.#dirty = true;
    if (this.#state !== 'following' || this.#cancelTimer || this.#work) return;
    this.#cancelTimer = this.#clock.after(this.#intervalMs, () => this.#follow());
  }

  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  #follow(): void {
    this.#cancelTimer = undefined;
    this.#work = turnstile
      .run(async () => {
        // It may have waited long for its turn; by then the last rendering may be under way.
        if (this.#state !== 'following') return;
        this.#dirty = false;
        await this.#files.catchUp();
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#work = undefined;
        if (this.#dirty) this.poke();
      });
  }

  async #finish(): Promise<void> {
    const failed = this.#state === 'failed';
    this.#state = 'finishing';
    this.#files.giveUp();
    this.#cancelTimer?.();
    await this.#work;
    try {
      await renderTranscripts(this.#folder);
    } catch (error) {
      if (!failed) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state === 'following') this.#state = 'failed';
    this.#onError(toTranscriptError(this.#folder, error));
  }
}

/** The files of a meeting that goes on, and how far they have followed the journal. */
class GrowingFiles {
  readonly #folder: string;
  readonly #journal: string;
  #position = journalStart;
  #outline: OutlineBuilder;
  #workspace: WorkspaceReader;
  #givenUp = false;
  /** Bytes each file has, by name; empty as long as none is begun. */
  #sizes = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#journal = path.join(folder, journalFileName);
    this.#outline = new OutlineBuilder(meetingNameOf(this.#journal));
    this.#workspace = new WorkspaceReader(folder);
  }

  /** Appends what the journal has more than the files. */
  async catchUp(): Promise<void> {
    try {
      await this.#append(await loadRenderings());
    } catch (error) {
      if (!(error instanceof FileChanged)) throw error;
      this.#startOver();
      await this.#append(await loadRenderings());
    }
  }

  /** Everything is about to be rendered whole: what is under way need not come to its end. */
  giveUp(): void {
    this.#givenUp = true;
  }

  #startOver(): void {
    this.#position = journalStart;
    this.#sizes = new Map();
    this.#outline = new OutlineBuilder(meetingNameOf(this.#journal));
    this.#workspace = new WorkspaceReader(this.#folder);
  }

  async #append(renderings: readonly Rendering[]): Promise<void> {
    const pending = new Map<string, string>();
    const add = (rendering: Rendering, text: string): void => {
      pending.set(rendering.fileName, (pending.get(rendering.fileName) ?? '') + text);
    };
    let isBegun = this.#sizes.size > 0;
    const pace = new Pace(followerIdleShare);
    for await (const item of journalItems(this.#journal, this.#position)) {
      if (item.type === 'torn' || this.#givenUp) break;
      const entry = this.#outline.add(item);
      const { outline } = this.#outline;
      if (!isBegun) for (const rendering of renderings) add(rendering, rendering.header(outline, 'running'));
      isBegun = true;
      if (entry) {
        const files = await this.#workspace.filesOf(entry);
        for (const rendering of renderings) {
          add(rendering, rendering.entry(entry, outline, files));
          await pace.rest();
        }
      }
      this.#position = item.next;
      if ((pending.get('transcript.html')?.length ?? 0) > flushCharacters) await this.#flush(pending);
    }
    await this.#flush(pending);
  }

  async #flush(pending: Map<string, string>): Promise<void> {
    for (const [fileName, text] of pending) {
      const size = this.#sizes.get(fileName);
      if (text === '' && size !== undefined) continue;
      this.#sizes.set(fileName, await writeAt(path.join(this.#folder, fileName), text, size));
    }
    pending.clear();
  }
}

const flushCharacters = 256 * 1024;

/** While a meeting runs, reading along takes a tenth of the processor at most: two at a time, see above. */
const followerIdleShare = 19;

/** Somebody else wrote, or removed, the file: `colloquy transcript render`, most likely. */
class FileChanged extends Error {}

/** Creates the file, or appends to it if it still has `size` bytes. Resolves with the size it has then. */
async function writeAt(file: string, text: string, size: number | undefined): Promise<number> {
  const handle = await open(file, size === undefined ? 'w' : 'r+').catch((error: unknown) => {
    throw size !== undefined && isMissing(error) ? new FileChanged() : error;
  });
  try {
    const start = size ?? 0;
    if ((await handle.stat()).size !== start) throw new FileChanged();
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) {
      written += (await handle.write(bytes, written, bytes.length - written, start + written)).bytesWritten;
    }
    return start + bytes.length;
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function toTranscriptError(folder: string, error: unknown): ColloquyError {
  if (error instanceof ColloquyError) return error;
  return new ColloquyError(`the transcripts in ${folder} cannot be written: ${messageOf(error)}`, {
    code: 'transcript-failed',
    cause: error,
  });
}
