import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../journal/event.ts';
import { colloquy, run, type Program } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

function folderOf(cwd: string): string {
  const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
  return path.join(cwd, 'transcripts', meeting);
}

function turnsIn(cwd: string): readonly { turn: number; seat: string; text: string }[] {
  return eventsIn(cwd).filter((event) => event.type === 'turn');
}

function eventsIn(cwd: string): readonly JournalEvent[] {
  return readFileSync(path.join(folderOf(cwd), 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent);
}

async function untilTurn(cwd: string, turn: number): Promise<void> {
  const isThere = (): boolean => {
    try {
      return turnsIn(cwd).length >= turn;
    } catch {
      return false;
    }
  };
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const speed = ['--typing-speed', '60'];

/** A proxy and two agents, each started by hand. */
async function startThree(
  cwd: string,
  ...proxyFlags: string[]
): Promise<{ proxy: Program; ports: string[]; agents: [Program, Program] }> {
  const proxy = colloquy(
    cwd,
    'proxy',
    '-M',
    '6',
    '--first',
    'a',
    '--port-a',
    '0',
    '--port-b',
    '0',
    '-v',
    ...proxyFlags,
  );
  const [, a = '', b = ''] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
  const agents: [Program, Program] = [
    colloquy(cwd, 'agent', '-s', 'eliza', '-p', a, ...speed),
    colloquy(cwd, 'agent', '-s', 'parry', '-p', b, ...speed),
  ];
  return { proxy, ports: [a, b], agents };
}

describe('a meeting whose proxy was killed', () => {
  it('is gone on with by the next one, and its agents come back by themselves', async () => {
    const cwd = await temporaryFolder();
    const { proxy, ports, agents } = await startThree(cwd);
    await untilTurn(cwd, 2);
    process.kill(proxy.pid, 'SIGKILL');
    await proxy.ended;
    const next = colloquy(cwd, 'proxy', '--port-a', ports[0] ?? '', '--port-b', ports[1] ?? '');
    for (const agent of agents) expect((await agent.ended).code).toBe(0);
    expect(turnsIn(cwd).map(({ turn, seat }) => `${turn}${seat}`)).toEqual([
      '1a',
      '2b',
      '3a',
      '4b',
      '5a',
      '6b',
    ]);
    expect(eventsIn(cwd).at(-1)).toMatchObject({ type: 'stop', reason: 'max-messages' });
    expect(existsSync(path.join(folderOf(cwd), 'seats.json'))).toBe(false);
    process.kill(next.pid, 'SIGTERM');
    expect((await next.ended).code).toBe(0);
  });

  it('is gone on with by hand, whoever of the three is missing', async () => {
    const cwd = await temporaryFolder();
    const { proxy, agents } = await startThree(cwd);
    await untilTurn(cwd, 2);
    for (const { pid } of [proxy, ...agents]) process.kill(pid, 'SIGKILL');
    await Promise.all([proxy, ...agents].map(({ ended }) => ended));
    const { code, stdout, stderr } = await run(cwd, 'resume', 'last');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Transcript: transcripts');
    const turns = turnsIn(cwd);
    expect(turns.map(({ turn, seat }) => `${turn}${seat}`)).toEqual(['1a', '2b', '3a', '4b', '5a', '6b']);
    expect(await run(cwd, 'resume', 'last')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be gone on with: it is over') as string,
    });
  });
});

describe('a proxy that is told to end', () => {
  it('lets the message that is being written come to its end, and ends the meeting', async () => {
    const cwd = await temporaryFolder();
    const { proxy, agents } = await startThree(cwd);
    await untilTurn(cwd, 2);
    process.kill(proxy.pid, 'SIGTERM');
    expect((await proxy.ended).code).toBe(0);
    expect(eventsIn(cwd).at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
    expect(turnsIn(cwd).length).toBeGreaterThanOrEqual(3);
    for (const agent of agents) expect((await agent.ended).code).toBe(0);
  });

  it('leaves its meetings to the next one where it drains', async () => {
    const cwd = await temporaryFolder();
    const { proxy, ports, agents } = await startThree(cwd, '--drain');
    await untilTurn(cwd, 2);
    process.kill(proxy.pid, 'SIGTERM');
    expect((await proxy.ended).code).toBe(0);
    expect(eventsIn(cwd).at(-1)?.type).not.toBe('stop');
    const next = colloquy(cwd, 'proxy', '--port-a', ports[0] ?? '', '--port-b', ports[1] ?? '');
    for (const agent of agents) expect((await agent.ended).code).toBe(0);
    expect(turnsIn(cwd).map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6]);
    process.kill(next.pid, 'SIGTERM');
    await next.ended;
  });
});
