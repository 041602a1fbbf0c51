import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { messageOf } from '../wire/errors.ts';
import { Interpreter } from './interpreter.ts';
import type { Limits, Tier } from './tiers/tier.ts';

/**
 * Whether a tier holds here and now: runs code that reaches for the host's secrets, files and network.
 * Resolves with what went wrong, undefined when it held. `colloquy doctor` tries far more than this,
 * but this is tried every time before a tier is trusted, so it must be quick.
 */
export async function selfTest(tier: Tier, limits: Limits): Promise<string | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-self-test-'));
  const secret = path.join(folder, 'secret');
  const written = path.join(folder, 'written');
  writeFileSync(secret, 'secret', { mode: 0o644 });
  let visits = 0;
  const listener = net.createServer((socket) => {
    visits++;
    socket.destroy();
  });
  let interpreter: Interpreter | undefined;
  try {
    const port = await listenOnLoopback(listener);
    interpreter = await Interpreter.start(tier, { ...limits, seconds: Math.max(5, limits.seconds) });
    const code = attack(secret, written, port);
    const { outcome, output, detail } = await interpreter.run({
      kind: 'code',
      language: 'python',
      code,
      name: 'self-test',
    });
    if (outcome !== 'ok' || !output.includes('self-test done'))
      return detail ?? `printed ${JSON.stringify(output.slice(-300))}`;
    const broken = /^broken: (.*)$/m.exec(output)?.[1];
    if (broken !== undefined) return `code in it ${broken}`;
    if (visits > 0) return 'code in it reached the network of this machine';
    return existsSync(written) ? 'code in it wrote a file of this machine' : undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await interpreter?.close();
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function listenOnLoopback(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
}

function attack(secret: string, written: string, port: number): string {
  return `
import os, socket
broken = []
if os.environ.get('PATH', '') == ${JSON.stringify(process.env['PATH'] ?? '-')} and os.environ.get('HOME') == ${JSON.stringify(process.env['HOME'] ?? '-')}:
    broken.append('sees the environment of this machine')
try:
    open(${JSON.stringify(secret)}).read()
    broken.append('reads files of this machine')
except Exception:
    pass
try:
    open(${JSON.stringify(written)}, 'w').close()
except Exception:
    pass
try:
    socket.create_connection(('127.0.0.1', ${port}), 2).close()
    broken.append('reaches the network of this machine')
except Exception:
    pass
if broken:
    print('broken: ' + ', '.join(broken))
print('self-test done')
`;
}
