import { journalItems, journalStart } from '../journal/read.ts';
import type { Seat } from '../wire/types.ts';
import { SeatView } from './seat-view.ts';

/**
 * Reads what a seat has lived through from the meeting's journal, which may grow meanwhile: resolves when
 * it has caught up with `seq()`, without another step in between. Rejects with the system's error.
 */
export async function recall(journal: string, seat: Seat, seq: () => number): Promise<SeatView> {
  const view = new SeatView(seat);
  let position = journalStart;
  let last = 0;
  // What is appended and not committed yet is not there to be read; it is told when it is.
  for (let before = -1; last < seq() && last !== before;) {
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
  return view;
}
