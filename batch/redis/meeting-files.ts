import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { figuresFolder, workspaceFolder } from '../../journal/block.ts';
import { KeptFiles } from '../../sidecar/kept-files.ts';

/** What code made in one meeting may take in Redis. Bytes. */
const mostFileBytes = 16 * 1024 * 1024;

const folders = [workspaceFolder, figuresFolder] as const;

/** One that is new, or another than before; without bytes it is too much for Redis. */
export interface ChangedFile {
  /** From the folder of the meeting on. */
  readonly name: string;
  readonly bytes: Buffer | undefined;
}

/** The files that the code of a meeting has made, on their way between the machines that hold it. */
export class MeetingFiles {
  readonly #meeting: string;
  /** By name: what tells a file from its next version, and how much of it is in Redis. */
  readonly #known = new Map<string, { readonly version: string; readonly bytes: number }>();

  /** `meeting`: its folder, which need not be there yet. */
  constructor(meeting: string) {
    this.#meeting = meeting;
  }

  /** What is there of an earlier holder: the fields of a hash in Redis. Rejects where the disk refuses. */
  async restore(files: Readonly<Record<string, Buffer>>): Promise<void> {
    for (const [name, bytes] of Object.entries(files)) await writeFile(this.#meeting, name, bytes);
    for (const { name, version, size } of this.#list()) this.#known.set(name, { version, bytes: size });
  }

  /** Whatever was given to Redis is to be given again. */
  forget(): void {
    this.#known.clear();
  }

  /** What has changed since it was asked last. */
  *changed(): Generator<ChangedFile> {
    for (const { name, version, size, full } of this.#list()) {
      if (this.#known.get(name)?.version === version) continue;
      this.#known.delete(name);
      let others = 0;
      for (const { bytes } of this.#known.values()) others += bytes;
      const isTooMuch = others + size > mostFileBytes;
      this.#known.set(name, { version, bytes: isTooMuch ? 0 : size });
      yield { name, bytes: isTooMuch ? undefined : readFileSync(full) };
    }
  }

  #list(): {
    readonly name: string;
    readonly version: string;
    readonly size: number;
    readonly full: string;
  }[] {
    return folders.flatMap((folder) => {
      const kept = new KeptFiles(path.join(this.#meeting, folder));
      return kept.list().map(({ path: own }) => {
        const full = kept.locate(own);
        // A file is replaced whole, so its next version is another file.
        const { ino, mtimeMs, size } = statSync(full);
        return { name: `${folder}/${own}`, version: `${ino} ${mtimeMs} ${size}`, size, full };
      });
    });
  }
}

/** Puts one into the folder of a meeting. Rejects where its name leads elsewhere, or the disk refuses. */
export async function writeFile(meeting: string, name: string, bytes: Buffer): Promise<void> {
  const { kept, own } = locate(meeting, name);
  await kept.write(own, [bytes]);
}

/** Takes one away that may be there. */
export function removeFile(meeting: string, name: string): void {
  const { kept, own } = locate(meeting, name);
  rmSync(kept.locate(own), { force: true });
}

function locate(meeting: string, name: string): { readonly kept: KeptFiles; readonly own: string } {
  const folder = folders.find((each) => name.startsWith(`${each}/`));
  if (folder === undefined) throw new Error(`a file of a meeting cannot be called ${JSON.stringify(name)}`);
  return { kept: new KeptFiles(path.join(meeting, folder)), own: name.slice(folder.length + 1) };
}
