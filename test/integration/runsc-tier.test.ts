import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Interpreter } from '../../sidecar/interpreter.ts';
import { createRunscTier } from '../../sidecar/tiers/runsc.ts';
import { smallLimits } from '../support/sandboxed-python.ts';
import { temporaryFolder } from '../support/temporary.ts';

const tier = createRunscTier();
const lack = await tier.prepare();

describe.skipIf(lack !== undefined)(`the runsc tier${lack ? ` (left out: ${lack})` : ''}`, () => {
  it('runs code as nobody in particular, on a kernel that is not the host’s', async () => {
    const { outcome, output } = await run(
      'import os\nprint(os.getuid(), os.environ["HOME"], os.uname().release)',
    );
    expect(outcome).toBe('ok');
    expect(output).toMatch(/^1000 \/workspace [\d.]+\n$/);
    expect(output).not.toContain(release());
  });

  it('has three places to write to, each with an end, and no other', async () => {
    const { output } = await run(`import os
for place in ("/workspace", "/tmp", "/dev/shm", "/", "/usr", "/etc", "/run/colloquy", "/dev"):
    written = 0
    try:
        with open(place + "/a", "wb", buffering=0) as file:
            while written < 32:
                written += file.write(bytes(1024 * 1024)) / 1024 / 1024
    except OSError as error:
        print(place, type(error).__name__, int(written))`);
    expect(output.trim().split('\n')).toEqual([
      '/workspace OSError 16',
      '/tmp OSError 8',
      '/dev/shm OSError 4',
      '/ PermissionError 0',
      '/usr PermissionError 0',
      '/etc PermissionError 0',
      '/run/colloquy PermissionError 0',
      '/dev PermissionError 0',
    ]);
  });

  it('shows neither files nor the environment of the host, and reaches no network', async () => {
    vi.stubEnv('COLLOQUY_TEST_SECRET', 'secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const secret = path.join(await temporaryFolder(), 'secret');
    writeFileSync(secret, 'secret', { mode: 0o644 });
    const { output } = await run(`import os, socket
print(os.path.exists(${JSON.stringify(secret)}), os.path.exists("/etc/shadow"), "secret" in open("/proc/1/environ").read())
try:
    socket.create_connection(("192.0.2.1", 9), 2)
except OSError as error:
    print("unreachable" if error.errno in (101, 113) else error)`);
    expect(output).toBe('False False False\nunreachable\n');
  });
});

describe('the runsc tier, where it is missing', () => {
  it('says so, and how to get it', async () => {
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await createRunscTier().prepare()).toMatch(/^runsc is not installed: apt-get install runsc/);
  });
});

async function run(code: string): Promise<{ outcome: string; output: string }> {
  const interpreter = await Interpreter.start(tier, smallLimits);
  onTestFinished(() => interpreter.close());
  return interpreter.run({ kind: 'code', language: 'python', code, name: 'a block' });
}
