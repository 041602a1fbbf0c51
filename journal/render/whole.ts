import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ColloquyError } from '../../wire/errors.ts';
import { meetingNameOf, OutlineBuilder, readOutline } from '../conversation.ts';
import { journalItems } from '../read.ts';
import { loadRenderings, type Rendering } from './renderings.ts';
import { Pace } from './turnstile.ts';
import { WorkspaceReader } from './workspace.ts';

/**
 * Renders a journal from its first line to its last into new files, which take the place of the old ones
 * when all are complete. Reads the journal twice rather than keep a long conversation in memory.
 */
export async function renderWhole(folder: string, journal: string): Promise<void> {
  const outline = await readOutline(journal);
  if (outline.startedAt === undefined) {
    throw new ColloquyError(`the journal ${journal} holds no meeting`, { code: 'journal-empty' });
  }
  const files: NewFile[] = [];
  try {
    for (const rendering of await loadRenderings()) files.push(await NewFile.create(folder, rendering));
    for (const file of files) await file.write(file.rendering.header(outline, 'whole'));
    const soFar = new OutlineBuilder(meetingNameOf(journal));
    const workspace = new WorkspaceReader(folder);
    const pace = new Pace();
    for await (const item of journalItems(journal)) {
      const entry = soFar.add(item);
      if (!entry) continue;
      const kept = await workspace.filesOf(entry);
      for (const file of files) {
        await file.write(file.rendering.entry(entry, soFar.outline, kept));
        await pace.rest();
      }
    }
    for (const file of files) await file.write(file.rendering.footer(outline));
    for (const file of files) await file.complete();
    for (const file of files) await file.publish();
  } catch (error) {
    await Promise.all(files.map((file) => file.discard()));
    throw error;
  }
}

const flushCharacters = 64 * 1024;
let created = 0;

/** A file under a name of its own until it is complete. */
class NewFile {
  readonly rendering: Rendering;
  readonly #target: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #pending = '';

  static async create(folder: string, rendering: Rendering): Promise<NewFile> {
    const temporary = path.join(folder, `.${rendering.fileName}.${process.pid}-${++created}.tmp`);
    return new NewFile(
      rendering,
      path.join(folder, rendering.fileName),
      temporary,
      await open(temporary, 'w'),
    );
  }

  private constructor(rendering: Rendering, target: string, temporary: string, handle: FileHandle) {
    this.rendering = rendering;
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  async write(text: string): Promise<void> {
    this.#pending += text;
    if (this.#pending.length >= flushCharacters) await this.#flush();
  }

  async complete(): Promise<void> {
    await this.#flush();
    await this.#handle.close();
  }

  async publish(): Promise<void> {
    await rename(this.#temporary, this.#target);
  }

  /** For when something went wrong already: nothing that fails here matters any more. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true }).catch(() => {});
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    await this.#handle.writeFile(text);
  }
}
