import { syncFolderLater, type JournalFiles } from './journal-files.ts';

const syncIntervalMs = 1_000;

/** Has the disk follow the file, while the meeting goes on. */
export class BackgroundSync {
  readonly #descriptor: number;
  readonly #files: JournalFiles;
  readonly #report: (error: unknown) => void;
  /** Those whose entries are new. */
  #folders: readonly string[];
  #isDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;

  constructor(
    descriptor: number,
    folders: readonly string[],
    files: JournalFiles,
    report: (error: unknown) => void,
  ) {
    this.#descriptor = descriptor;
    this.#folders = folders;
    this.#files = files;
    this.#report = report;
  }

  written(): void {
    this.#isDirty = true;
    if (this.#timer || this.#work) return;
    this.#timer = setTimeout(() => this.#start(), syncIntervalMs);
    this.#timer.unref();
  }

  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#work;
    clearTimeout(this.#timer);
    if (this.#isDirty) await this.#sync();
  }

  #start(): void {
    this.#timer = undefined;
    this.#work = this.#sync().then(() => {
      this.#work = undefined;
      if (this.#isDirty) this.written();
    });
  }

  async #sync(): Promise<void> {
    this.#isDirty = false;
    const folders = this.#folders;
    this.#folders = [];
    try {
      await this.#files.fdatasync(this.#descriptor);
      for (const folder of folders) await syncFolderLater(folder, this.#files);
    } catch (error) {
      this.#report(error);
    }
  }
}
