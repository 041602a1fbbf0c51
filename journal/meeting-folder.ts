import fs from 'node:fs';
import path from 'node:path';
import { toJournalError } from './journal-error.ts';

/**
 * Makes the folder of a meeting that begins. A meeting of that name may have been held before: then this
 * one is called `name-2`, `name-3`, … Throws ColloquyError `journal-failed` or `journal-full`.
 */
export function createMeetingFolder(
  transcripts: string,
  meeting: string,
): { meeting: string; folder: string } {
  try {
    fs.mkdirSync(transcripts, { recursive: true });
    for (let count = 1; ; count++) {
      const name = count === 1 ? meeting : `${meeting}-${count}`;
      const folder = path.join(transcripts, name);
      try {
        fs.mkdirSync(folder);
        return { meeting: name, folder };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw toJournalError(`no folder for the meeting can be made in ${transcripts}`, error);
  }
}
