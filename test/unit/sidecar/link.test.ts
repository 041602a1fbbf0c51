import { describe, expect, it } from 'vitest';
import type { Block, BlockResult } from '../../../journal/block.ts';
import type { SidecarClient } from '../../../sidecar/client.ts';
import { SidecarLink } from '../../../sidecar/link.ts';

const block: Block = { kind: 'code', number: 1, language: 'python', code: 'x' };
const well: BlockResult = { outcome: 'ok', output: 'out', outputBytes: 3, files: [], ms: 1 };

/** A sidecar that says yes to everything, until it is gone. */
class PretendedClient {
  isConnected = true;
  readonly tier = 'pretended';
  readonly ran: string[] = [];
  readonly closed: string[] = [];
  fails = false;
  putFiles(): Promise<void> {
    return Promise.resolve();
  }
  run(session: string): Promise<BlockResult> {
    this.ran.push(session);
    if (!this.fails) return Promise.resolve(well);
    this.isConnected = false;
    return Promise.reject(new Error('the sidecar was killed'));
  }
  closeSession(session: string): void {
    this.closed.push(session);
  }
  close(): void {}
}

function createLink(): { link: SidecarLink; clients: PretendedClient[] } {
  const clients: PretendedClient[] = [];
  const link = new SidecarLink(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const client = new PretendedClient();
    clients.push(client);
    return client as unknown as SidecarClient;
  });
  return { link, clients };
}

describe('a link to a sidecar that died', () => {
  it('makes one new connection, however many meetings want it', async () => {
    const { link, clients } = createLink();
    await link.run('m-0', 1, block);
    (clients[0] as PretendedClient).isConnected = false;
    await Promise.all(Array.from({ length: 20 }, (_, index) => link.run(`m-${index}`, 1, block)));
    expect(clients).toHaveLength(2);
    expect(clients[1]?.ran).toHaveLength(20);
  });

  it('tells a meeting once that its session is lost, in the result at hand or in the next', async () => {
    const { link, clients } = createLink();
    await link.run('busy', 1, block);
    await link.run('idle', 1, block);
    (clients[0] as PretendedClient).fails = true;
    expect(await link.run('busy', 2, block)).toMatchObject({ outcome: 'lost' });
    expect((await link.run('busy', 3, block)).output).toBe('out');
    expect((await link.run('idle', 2, block)).output).toMatch(
      /session was lost since the last block.*\nout$/,
    );
    expect((await link.run('idle', 3, block)).output).toBe('out');
  });

  it('leaves no session open that ended while its block was on the way', async () => {
    const { link, clients } = createLink();
    const running = link.run('ended', 1, block);
    link.closeSession('ended');
    await running;
    expect(clients[0]?.closed).toEqual(['ended']);
  });
});
