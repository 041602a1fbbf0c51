import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { holdMeetings } from './hold-meetings.ts';

// One hundred meetings of twenty turns at once, journals and transcripts on: time and memory.
const [count, turns] = [100, 20];
const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-bench-'));
const before = process.memoryUsage().rss;
try {
  const { stopped, milliseconds } = await holdMeetings(count, turns, folder);
  const complete = stopped.filter((event) => event.reason === 'max-messages' && event.turns === turns).length;
  const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0);
  console.log(`meetings of ${turns} turns, all at once   ${count}, complete ${complete}`);
  console.log(`time, until the last transcript is there   ${(milliseconds / 1_000).toFixed(2)} s`);
  console.log(
    `turns a second                            ${((count * turns * 1_000) / milliseconds).toFixed(0)}`,
  );
  console.log(
    `memory before, at the end, most (MiB)     ${mebibytes(before)}, ${mebibytes(process.memoryUsage().rss)}, ${mebibytes(process.resourceUsage().maxRSS * 1_024)}`,
  );
  if (complete !== count) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
