import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Decoys } from '../../sidecar/probes/decoys.ts';
import type { Probe, ProbedRun } from '../../sidecar/probes/probe.ts';
import { judge } from '../../sidecar/probes.ts';

/** Longer than a second of time and the host's patience: what is still running then, a wall would have ended. */
const outlivesMs = 3_200;
const controlMs = 60_000;
/** Enough to see how it went, and that nothing was cut. */
const mostOutputBytes = 256 * 1024;
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const isRoot = process.getuid?.() === 0;

/** In namespaces of its own, with a process beside it that it may well kill. */
const namespaceArguments = [
  ...(isRoot ? [] : ['--user', '--map-root-user']),
  ...['--net', '--pid', '--ipc', '--uts', '--mount', '--fork', '--mount-proc', '--kill-child'],
];
/** Who was killed may take a while to be gone; but who died of our own signal, 10, was alive when it came. */
const besideDecoy = `sleep 60 & decoy=$!
"$@"
kill -USR1 $decoy
wait $decoy 2>/dev/null
[ $? -eq 138 ] || echo "WALL:broken the process beside it was killed"`;

/** How an attack went where no wall stands in its way. */
export interface ControlResult {
  /** What it got; undefined when it got nothing, and the probe proves nothing. */
  readonly gain: string | undefined;
  readonly output: string;
}

/** Why there is nothing to compare a probe with on this machine; undefined when there is. */
export function whyNoControl({ control, language = 'python' }: Probe): string | undefined {
  if (control.how === 'impossible') return control.because;
  if (control.needsRoot && !isRoot) return 'only root may do that even without a wall';
  if (control.how === 'open pyodide') return denoFile() === undefined ? 'deno is not installed' : undefined;
  const needed = [
    ...(language === 'bash' ? ['bash'] : [python]),
    ...(control.how === 'namespaces' ? ['unshare'] : []),
  ];
  const missing = needed.find((name) => spawnSync(name, ['--version']).status !== 0);
  if (missing !== undefined) return `${missing} is not installed`;
  if (control.how === 'namespaces' && spawnSync('unshare', [...namespaceArguments, 'true']).status !== 0)
    return 'this machine gives no namespaces to play in';
  return undefined;
}

/** Lets an attack go, bounded and in a folder of its own, and cleans up behind it. */
export async function runControl(probe: Probe, pyodide: OpenPyodide): Promise<ControlResult> {
  const decoys = await Decoys.start();
  const folder = await mkdtemp(path.join(tmpdir(), 'colloquy-control-'));
  try {
    const run = (code: string): Promise<ProbedRun> =>
      probe.control.how === 'open pyodide'
        ? pyodide.run(probe.language ?? 'python', code)
        : runPlain(probe, code, folder);
    const first = await run(probe.code(decoys));
    // Two runs of a program that did not draw its numbers anew would look like one run twice.
    const other =
      probe.name === 'random-numbers' ? first : probe.codeOfOther && (await run(probe.codeOfOther(decoys)));
    const { broken } = await judge(probe, decoys, first, other);
    const outlived =
      probe.control.how === 'outlives' && first.outcome === 'timeout' ? 'it ran on' : undefined;
    return { gain: broken ?? outlived, output: first.output.slice(0, 2_000) };
  } finally {
    await decoys.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** One for many attacks, since it takes seconds to start. */
export class OpenPyodide {
  readonly #cacheFolder = path.join(tmpdir(), `colloquy-control-deno-${process.pid}`);
  #child: ChildProcess | undefined;
  #answers: AsyncIterator<string, undefined> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  run(language: string, code: string): Promise<ProbedRun> {
    const answer = this.#last.then(() => this.#ask(language, code));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async close(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await rm(this.#cacheFolder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #ask(language: string, code: string): Promise<ProbedRun> {
    this.#start();
    this.#child?.stdin?.write(`${JSON.stringify({ language, code })}\n`);
    const answer = await this.#answers?.next();
    if (answer === undefined || answer.done) {
      this.#child = undefined;
      throw new Error('the open Pyodide ended');
    }
    const { output } = JSON.parse(answer.value) as { output: string };
    return { outcome: 'ok', output, outputBytes: output.length, files: [] };
  }

  #start(): void {
    if (this.#child) return;
    const script = path.join(import.meta.dirname, 'open-pyodide.mjs');
    // What some attacks need to begin with, and a wall must not give.
    const wanted = [
      '--no-lock',
      '--location',
      'http://colloquy.invalid/',
      '--unstable-worker-options',
      '--unstable-kv',
    ];
    this.#child = spawn(denoFile() ?? 'deno', ['run', '--allow-all', '--no-prompt', ...wanted, script], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, DENO_DIR: this.#cacheFolder },
    });
    const { stdout } = this.#child;
    if (stdout) this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }
}

async function runPlain(probe: Probe, code: string, folder: string): Promise<ProbedRun> {
  const program = probe.language === 'bash' ? ['bash', '-c', code] : [python, '-I', '-c', code];
  const command =
    probe.control.how === 'namespaces'
      ? ['unshare', ...namespaceArguments, 'sh', '-c', besideDecoy, 'sh', ...program]
      : program;
  const [file = '', ...args] = command;
  // Of a group of its own, to be ended with all its children; descriptor 3 is for forgers.
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let outputBytes = 0;
  let forged = '';
  const hear = (chunk: Buffer): void => {
    outputBytes += chunk.length;
    if (output.length < mostOutputBytes) output += chunk.toString('utf8');
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.stdio[3]?.on('data', (chunk: Buffer) => (forged += chunk.toString('utf8')));
  const patienceMs = probe.control.how === 'outlives' ? outlivesMs : controlMs;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup(child);
  }, patienceMs);
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  // What it left behind may hold its output open.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (probe.kind === 'test')
    return { outcome: wouldPass(forged) ? 'ok' : 'failed', output, outputBytes, files: [] };
  return { outcome: isLate ? 'timeout' : exitCode === 0 ? 'ok' : 'failed', output, outputBytes, files: [] };
}

/** What a host would make of it that asks neither for a nonce nor for who is speaking. */
function wouldPass(frames: string): boolean {
  return /"outcome": ?"ok"/.test(frames);
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function denoFile(): string | undefined {
  try {
    const folder = path.dirname(createRequire(import.meta.url).resolve('deno/package.json'));
    return [path.join(folder, 'deno'), path.join(folder, 'deno.exe')].find(existsSync);
  } catch {
    return undefined;
  }
}
