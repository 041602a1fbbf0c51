import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ColloquyError, messageOf } from '../../wire/errors.ts';

/** A file that is there whole or not at all. */
export interface OutputFile {
  write(data: string | Uint8Array): Promise<void>;
  /** It takes its name, in the place of what had it. */
  publish(): Promise<void>;
  /** Nothing of it is left. Never rejects. */
  discard(): Promise<void>;
}

/**
 * A pipe or a device that has the name is written to, and not replaced. Rejects with ColloquyError `no-file`
 * where nothing can be written.
 */
export async function openOutputFile(target: string): Promise<OutputFile> {
  const refuse = (error: unknown): ColloquyError =>
    new ColloquyError(`${target} cannot be written: ${messageOf(error)}`, { code: 'no-file', cause: error });
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw refuse(error);
    }
  };
  // A link stays a link, to the new file.
  const file = await realpath(target).catch(() => target);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw refuse(new Error('it is a folder'));
  const isReplaced = found === undefined || found.isFile();
  const temporary = isReplaced
    ? path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`)
    : file;
  const handle: FileHandle = await attempt(() => open(temporary, 'w'));
  return {
    write: (data) => attempt(() => handle.writeFile(data)),
    publish: () =>
      attempt(async () => {
        if (isReplaced) await handle.sync();
        await handle.close();
        if (isReplaced) await rename(temporary, file);
      }),
    async discard() {
      await handle.close().catch(() => {});
      if (isReplaced) await rm(temporary, { force: true }).catch(() => {});
    },
  };
}
