import { truncateSync } from 'node:fs';
import path from 'node:path';
import type { JournalEvent } from './event.ts';
import { journalItems, type BadLine } from './read.ts';
export interface Recovered {
  lastSeq: number;
  cut?: { offset: number; bytes: number };
  badLines: BadLine[];
}
export async function recoverJournal(
  folder: string,
  { onEvent }: { onEvent: (event: JournalEvent) => void },
): Promise<Recovered> {
  const file = path.join(folder, 'journal.jsonl');
  const r: Recovered = { lastSeq: 0, badLines: [] };
  for await (const item of journalItems(file)) {
    if (item.type === 'event') {
      onEvent(item.event);
      r.lastSeq = item.event.seq;
    }
    if (item.type === 'bad') r.badLines.push(item.bad);
    if (item.type === 'torn') {
      truncateSync(file, item.torn.offset);
      r.cut = item.torn;
    }
  }
  return r;
}
