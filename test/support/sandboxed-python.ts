import { spawn, spawnSync } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Launch, Limits } from '../../sidecar/tiers/tier.ts';

export const smallLimits: Limits = {
  seconds: 10,
  cpuSeconds: 10,
  memoryMiB: 256,
  outputKiB: 64,
  processes: 64,
  openFiles: 128,
  diskMiB: 16,
};

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs a program of ours in a sandbox, in place of the driver. */
export function runInside(launch: Launch, program: string): Promise<Ended> {
  const command = launch.args.slice(0, launch.args.indexOf('--') + 1);
  return runLaunch({ ...launch, args: [...command, '/usr/bin/python3', '-I', '-c', program] });
}

/** The control run: the same program with nothing around it. */
export function runOutside(program: string): Ended {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-I', '-c', program], {
    encoding: 'utf8',
  });
  return { stdout, stderr, code: status };
}

function runLaunch(launch: Launch): Promise<Ended> {
  const child = spawnLaunch(launch);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (piece: Buffer) => (stdout += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (stderr += piece.toString()));
  child.stdin?.end();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ stdout, stderr, code }));
  });
}

/** Starts it as the sidecar does, and leaves it running. */
export function spawnLaunch(launch: Launch): ReturnType<typeof spawn> {
  const descriptors = launch.descriptors ?? [];
  const child = spawn(launch.file, launch.args, {
    env: { ...launch.env },
    cwd: launch.cwd ?? '/',
    ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid ?? launch.uid }),
    stdio: ['pipe', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  descriptors.forEach((content, index) => {
    const pipe = child.stdio[3 + index] as Writable | undefined;
    pipe?.on('error', () => {});
    pipe?.end(content);
  });
  return child;
}
