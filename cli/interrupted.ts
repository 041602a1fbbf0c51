import path from 'node:path';
import type { JournalEvent } from '../journal/event.ts';
import type { SeatsFile } from '../proxy/seats-file.ts';
import type { Seat } from '../wire/types.ts';
import { UsageError } from './failure.ts';
import { resolveMeeting, type FolderFlags } from './meeting-folder.ts';

/** A meeting that somebody can come back to. */
export interface Interrupted {
  readonly meeting: string;
  readonly folder: string;
  readonly seats: SeatsFile;
  readonly head: Extract<JournalEvent, { type: 'meeting' }>;
  /** Seats that nobody holds at the moment. */
  readonly empty: readonly Seat[];
  /** Whether its proxy still runs. */
  readonly isHeld: boolean;
}

/** Rejects with UsageError where the meeting is over, and as `resolveMeeting` does. */
export async function findInterrupted(
  argv: FolderFlags & { readonly meeting: string },
): Promise<Interrupted> {
  const { isHeld, readSeatsFile } = await import('../proxy/seats-file.ts');
  const { journalItems } = await import('../journal/read.ts');
  const folder = await resolveMeeting(argv);
  const meeting = path.basename(folder);
  const seats = readSeatsFile(folder);
  if (!seats) {
    throw new UsageError(
      `${meeting} cannot be gone on with: it is over, or its agents were not made to come back (there is no seats.json beside its journal)`,
    );
  }
  let head: Interrupted['head'] | undefined;
  const empty = new Set<Seat>();
  for await (const item of journalItems(path.join(folder, 'journal.jsonl'))) {
    if (item.type !== 'event') continue;
    const { event } = item;
    if (event.type === 'meeting') head = event;
    if (event.type === 'lost') empty.add(event.seat);
    if (event.type === 'returned') empty.delete(event.seat);
  }
  if (!head) throw new UsageError(`the journal of ${meeting} holds no meeting`);
  return { meeting, folder, seats, head, empty: [...empty], isHeld: isHeld(seats) };
}
