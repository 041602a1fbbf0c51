import { spawn } from 'node:child_process';
import { Interpreter } from '../sidecar/interpreter.ts';
import { createTier } from '../sidecar/choose-tier.ts';
import { treeMemoryKiB } from '../sidecar/tiers/process-tree.ts';
import type { Limits, Tier } from '../sidecar/tiers/tier.ts';

// What a tier costs: a cold start, a warm block, a megabyte of output, ten sessions at once, and the
// memory of one; in the same run as `python3 -c 'x=1'` spawned anew each time.
const limits: Limits = {
  seconds: 10,
  cpuSeconds: 30,
  memoryMiB: 512,
  outputKiB: 64,
  processes: 64,
  openFiles: 256,
  diskMiB: 256,
};
const python = '/usr/bin/python3';

const spawnMs = median(await repeat(20, spawnPython));
print('python3 -c x=1, spawned', `${spawnMs.toFixed(2)} ms, median of 20`);
for (const name of ['bubblewrap', 'deno'] as const) {
  const tier = createTier(name, { python });
  const problem = await tier.prepare();
  if (problem !== undefined) {
    print(name, `not measured: ${problem}`);
    continue;
  }
  await measure(tier);
}

async function measure(tier: Tier): Promise<void> {
  console.log(`\n${tier.name} (${await tier.describe()})`);
  const cold = await repeat(7, async () => {
    const interpreter = await start(tier);
    await runOn(interpreter, 'x=1');
    return () => interpreter.close();
  });
  print('cold start, with x=1', `${median(cold).toFixed(0)} ms, median of 7`);

  const interpreter = await start(tier);
  for (let warmUp = 0; warmUp < 300; warmUp++) await runOn(interpreter, 'x=1');
  const warm = median(await repeat(2_000, () => runOn(interpreter, 'x=1')));
  print('warm x=1', `${warm.toFixed(3)} ms, median of 2000`);
  print('  times faster than spawned', (spawnMs / warm).toFixed(0));
  const megabyte = await repeat(20, () => runOn(interpreter, "print('x' * 999_999)"));
  print('1 MB of output', `${median(megabyte).toFixed(1)} ms, median of 20`);
  print('memory of a session', `${(treeMemoryKiB(interpreter.pid) / 1024).toFixed(0)} MiB`);
  await interpreter.close();

  const ten = await repeat(3, async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const one = await start(tier);
        await runOn(one, 'x=1');
        return one;
      }),
    );
    return () => Promise.all(all.map((one) => one.close()));
  });
  print('ten sessions at once, started and run', `${median(ten).toFixed(0)} ms, median of 3`);
}

function start(tier: Tier): Promise<Interpreter> {
  return Interpreter.start(tier, limits);
}

async function runOn(interpreter: Interpreter, code: string): Promise<void> {
  const { outcome, detail, spool } = await interpreter.run({
    kind: 'code',
    language: 'python',
    code,
    name: 'block',
  });
  spool?.remove();
  if (outcome !== 'ok') throw new Error(`${code}: ${outcome}, ${detail}`);
}

function spawnPython(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-c', 'x=1'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}

/** Milliseconds of each; what the work returns is called afterwards, outside of the time. */
async function repeat(
  count: number,
  work: () => Promise<void | (() => Promise<unknown>)>,
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const started = performance.now();
    const cleanUp = await work();
    times.push(performance.now() - started);
    await cleanUp?.();
  }
  return times;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] as number;
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(40)} ${value}`);
}
