import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cgroupVersion, createCgroup } from '../../sidecar/tiers/cgroup.ts';

const hasPython = existsSync('/usr/bin/python3');
const needs = [
  ...(cgroupVersion() ? [] : ['a cgroup that can be written']),
  ...(hasPython ? [] : ['python3']),
];

/** A process that has had a child before it is put into the group: the child does what the group is for. */
const program = `import os, sys
go, went = os.pipe()
child = os.fork()
if child == 0:
    os.read(go, 1)
    try:
        exec(sys.argv[1])
    except BaseException as error:
        print(type(error).__name__, flush=True)
        os._exit(1)
    print("done", flush=True)
    os._exit(0)
print("ready", flush=True)
sys.stdin.readline()
os.write(went, b"x")
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
sys.stdin.readline()`;

describe.skipIf(needs.length > 0)(
  `a cgroup${needs.length > 0 ? ` (left out: needs ${needs.join(', ')})` : ''}`,
  () => {
    it('ends a process that takes more memory than the group has, though it took none before', async () => {
      const take = 'x = bytearray(150 * 1024 * 1024)';
      expect(await runIn({ memoryMiB: 64, processes: 64 }, take)).toBe('-9');
      expect(await runIn(undefined, take)).toBe('done\n0');
    });

    it('lets a group have no more processes than it may', async () => {
      const fork = 'import time\nfor _ in range(12):\n    if os.fork() == 0: time.sleep(1); os._exit(0)';
      expect(await runIn({ memoryMiB: 64, processes: 6 }, fork)).toBe('BlockingIOError\n1');
      expect(await runIn(undefined, fork)).toBe('done\n0');
    });

    it('ends what is left in it and is gone', async () => {
      const child = spawn('/usr/bin/python3', ['-I', '-c', program, ''], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      const cgroup = createCgroup({ memoryMiB: 64, processes: 16 });
      cgroup?.add(child.pid ?? 0);
      const own = (): string => readFileSync(`/proc/${child.pid}/cgroup`, 'utf8');
      const name = /colloquy-[-0-9a-f]+/.exec(own())?.[0] ?? 'none';
      expect(own()).toContain(name);
      cgroup?.remove();
      expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
      await vi.waitFor(() => expect(() => own()).toThrow(), { timeout: 60_000 });
      cgroup?.remove();
    });
  },
);

/** What the child printed and how it ended, in a group or outside of any. */
async function runIn(limits: Parameters<typeof createCgroup>[0] | undefined, code: string): Promise<string> {
  const child = spawn('/usr/bin/python3', ['-I', '-c', program, code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()));
  await vi.waitFor(() => expect(printed).toBe('ready\n'), { timeout: 60_000 });
  const cgroup = limits && createCgroup(limits);
  cgroup?.add(child.pid ?? 0);
  child.stdin.write('\n');
  await vi.waitFor(() => expect(printed).toMatch(/\n-?\d+\n$/), { timeout: 60_000 });
  child.stdin.end('\n');
  await once(child, 'close');
  cgroup?.remove();
  return printed.replace('ready\n', '').trim();
}
