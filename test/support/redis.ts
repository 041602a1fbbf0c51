import { spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary.ts';

interface RunningRedis {
  readonly url: string;
  readonly port: number;
  /** At once, with all that it knows. */
  readonly kill: () => void;
}

/** A Redis of its own, on loopback, that keeps nothing. Resolves with its address when it answers. */
export async function startRedis(wish?: number): Promise<RunningRedis> {
  const port = wish ?? (await freePort());
  const server = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
    { cwd: await temporaryFolder(), stdio: 'ignore' },
  );
  onTestFinished(() => void server.kill('SIGKILL'));
  const url = `redis://127.0.0.1:${port}`;
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  await Promise.race([
    redis.ping(),
    new Promise((_, reject) => server.once('error', reject)),
    sleep(60_000, undefined, { ref: false }).then(() => {
      throw new Error('redis-server does not answer');
    }),
  ]);
  redis.disconnect();
  return { url, port, kill: () => void server.kill('SIGKILL') };
}

/** A connection that is closed with the test. */
export function openRedis(url: string): Redis {
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** What stands between a worker and its Redis, and can be cut: nothing is answered, and nothing is refused. */
export class Wire {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #isCut = false;

  constructor(target: number) {
    this.#server = net.createServer((near) => {
      const far = net.connect(target, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        if (this.#isCut) from.pause();
        from.on('data', (bytes: Buffer) => to.write(bytes));
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        if (this.#isCut) from.pause();
      }
    });
    onTestFinished(() => this.close());
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
