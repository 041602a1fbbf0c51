import { createMeetingFolder, Journal } from '../journal/journal.ts';
import { createTranscriptWriter } from '../journal/transcript-writer.ts';
import type { Clock } from '../wire/clock.ts';
import type { Record } from './meeting.ts';

/** What is kept of one meeting, and the name it got. */
export interface OpenRecord extends Record {
  readonly meeting: string;
  readonly folder?: string;
  /** Resolves when the transcripts are complete. */
  close(): Promise<void>;
}

/**
 * A journal, with the transcripts written behind it; or, without a folder, nothing at all.
 * Throws ColloquyError `journal-failed`.
 */
export function openRecord(
  transcripts: string | undefined,
  wish: string,
  clock: Clock,
  onError: (error: unknown) => void,
): OpenRecord {
  if (transcripts === undefined) {
    return { meeting: wish, append: () => {}, commit: () => {}, close: () => Promise.resolve() };
  }
  const { meeting, folder } = createMeetingFolder(transcripts, wish);
  const journal = new Journal(folder, () => new Date(clock.nowMs()));
  const writer = createTranscriptWriter({ folder, onError });
  return {
    meeting,
    folder,
    append: (event) => journal.append(event),
    commit() {
      journal.commit();
      writer.poke();
    },
    async close() {
      journal.close();
      await writer.finish();
    },
  };
}
