import { stat } from 'node:fs/promises';
import path from 'node:path';
import { costOf, priceOfSeat } from '../journal/cost.ts';
import type { JournalEvent } from '../journal/event.ts';
import { journalFileName } from '../journal/journal.ts';
import { journalItems } from '../journal/read.ts';
import type { StopReason } from '../wire/types.ts';
import { verdictTotals } from './judges/verdict-file.ts';

/** What a journal says of a meeting, and what its judges took. */
export interface Tally {
  readonly turns: number;
  /** Read and written, of both, and of the judges. */
  readonly tokens: number;
  /** US dollars, as far as prices are known. */
  readonly cost: number;
  /** Absent: it goes on, or was interrupted. */
  readonly stop?: { readonly reason: StopReason; readonly detail?: string };
}

/** Undefined where no meeting has begun in that folder. Rejects with the system's error for a journal that cannot be read. */
export async function readTally(folder: string): Promise<Tally | undefined> {
  const journal = path.join(folder, journalFileName);
  const isThere = await stat(journal).then(
    (found) => found.size > 0,
    () => false,
  );
  if (!isThere) return undefined;
  let head: Extract<JournalEvent, { type: 'meeting' }> | undefined;
  let stop: Tally['stop'];
  let [turns, tokens, cost] = [0, 0, 0];
  for await (const item of journalItems(journal)) {
    if (item.type !== 'event') continue;
    const { event } = item;
    if (event.type === 'meeting') head = event;
    if (event.type === 'turn') turns = event.turn;
    if (event.type === 'stop') {
      const { reason, detail } = event;
      stop = { reason, ...(detail === undefined ? {} : { detail }) };
    }
    const usage = 'meta' in event ? event.meta?.usage : undefined;
    if (!head || !usage || !('seat' in event) || event.seat === undefined) continue;
    const price = priceOfSeat(head.settings, head.seats, event.seat);
    tokens += usage.input + usage.output;
    cost += price ? costOf(usage, price) : 0;
  }
  const verdicts = verdictTotals(folder);
  return (
    head && {
      turns,
      tokens: tokens + verdicts.tokens,
      cost: cost + verdicts.cost,
      ...(stop ? { stop } : {}),
    }
  );
}
