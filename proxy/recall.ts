import { setTimeout } from 'node:timers/promises';
import { journalItems, journalStart } from '../journal/read.ts';
import type { Seat } from '../wire/types.ts';
import { SeatView } from './seat-view.ts';

/** While the disk is full, what was appended cannot be read yet. */
const behindMs = 100;

/**
 * Reads what a seat has lived through from the meeting's journal, which may grow meanwhile: resolves when
 * it has caught up, without another step in between. Waits as long as the disk has no room, since what is
 * told by then would be missing; gives up, with undefined, when `isWanted` says so. Rejects with the system's error.
 */
export async function recall(
  journal: string,
  seat: Seat,
  record: { readonly seq: number; readonly isBehind: boolean },
  isWanted: () => boolean,
): Promise<SeatView | undefined> {
  const view = new SeatView(seat);
  let position = journalStart;
  let last = 0;
  for (let before = -1; isWanted();) {
    if (record.isBehind) {
      await setTimeout(behindMs);
      continue;
    }
    // The last line may be one that nobody can read: then there is no more to come.
    if (last >= record.seq || last === before) return view;
    before = last;
    for await (const item of journalItems(journal, position)) {
      if (item.type === 'torn') break;
      if (item.type === 'event') {
        view.add(item.event);
        last = item.event.seq;
      }
      position = item.next;
    }
  }
  return undefined;
}
