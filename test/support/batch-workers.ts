import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { JournalEvent } from '../../journal/event.ts';
import { colloquy, type Program } from './program.ts';
import { temporaryFolder } from './temporary.ts';

export function journalsOf(cwd: string, name: string): JournalEvent[][] {
  const folder = path.join(cwd, 'batches', name, 'meetings');
  return readdirSync(folder).map((meeting) => {
    const lines = readFileSync(path.join(folder, meeting, 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    return lines.map((line) => JSON.parse(line) as JournalEvent);
  });
}

/** Every turn once and in order, and one end. */
export function expectWhole(events: readonly JournalEvent[]): void {
  const turns = events.flatMap((event) => (event.type === 'turn' ? [event.turn] : []));
  expect(turns).toEqual(turns.map((_, at) => at + 1));
  expect(events.filter(({ type }) => type === 'stop')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('stop');
}

export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 100_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await sleep(20);
  }
}

export async function startWorker(url: string, ...flags: string[]): Promise<Program> {
  const worker = colloquy(
    await temporaryFolder(),
    'worker',
    '--redis',
    url,
    '--lease-seconds',
    '5',
    ...flags,
  );
  await worker.until(/takes meetings/, 'stderr');
  return worker;
}
