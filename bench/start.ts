import { spawn } from 'node:child_process';
import { programPath } from '../config/paths.ts';

// From `colloquy meet` to its first turn on the screen: three processes are started, and two agents meet.
// Beside it, in turn, what it takes to start node and do nothing.
const rounds = 7;
const meet = [programPath, 'meet', '--no-transcript', '--typing-speed=0', '--max-messages=2'];
const times = { meet: [] as number[], node: [] as number[] };
for (let round = 0; round < rounds; round++) {
  times.meet.push(await millisecondsUntil(meet, '[1]'));
  times.node.push(await millisecondsUntil(['-p', '"[1]"'], '[1]'));
}
const [first, nothing] = [median(times.meet), median(times.node)];
console.log(`first turn of colloquy meet   ${first.toFixed(0)} ms, median of ${rounds}`);
console.log(`start of node alone           ${nothing.toFixed(0)} ms`);
console.log(`ratio                         ${(first / nothing).toFixed(1)}`);

/** Runs node to its end and resolves with the time until `text` was first seen on its stdout. */
function millisecondsUntil(args: readonly string[], text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = '';
    let elapsed: number | undefined;
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      seen += piece;
      if (seen.includes(text)) elapsed ??= performance.now() - started;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (elapsed === undefined) reject(new Error(`left with code ${code} and no ${text}: ${seen}`));
      else resolve(elapsed);
    });
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] as number;
}
