import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { programPath } from '../../config/paths.ts';
import { colloquy, Program, run } from '../support/program.ts';
import { RawClient } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';

async function startProxy(
  cwd: string,
  ...flags: string[]
): Promise<{ proxy: Program; a: string; b: string }> {
  const proxy = colloquy(cwd, 'proxy', '--port-a', '0', '--port-b', '0', ...flags);
  const [, a = '', b = ''] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
  return { proxy, a, b };
}

describe('a proxy and two agents, each started by hand', () => {
  it('log a line for each thing that happens, on a terminal as well', async () => {
    const cwd = await temporaryFolder();
    const command = `exec ${process.execPath} ${programPath} agent -s eliza -p 9`;
    const agent = new Program('script', ['-qec', command, '/dev/null'], { cwd });
    await agent.until(/next try[^]*next try[^]*next try/);
    agent.child.kill('SIGTERM');
    const lines = agent.stdout.split('\r\n').filter((line) => line.includes('next try'));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.match(/next try/g)).toHaveLength(1);
  });

  it('hold a meeting; agents leave with code 0, and --once ends the proxy too', async () => {
    const cwd = await temporaryFolder();
    const { proxy, a, b } = await startProxy(cwd, '--mirror', '--once', '-M', '4', '--first', 'a');
    const [eliza, parry] = [
      colloquy(cwd, 'agent', '-s', 'eliza', '-p', a),
      colloquy(cwd, 'agent', '-s', 'parry', '-p', b),
    ];
    expect(
      await Promise.all([eliza.ended, parry.ended, proxy.ended].map(async (ended) => (await ended).code)),
    ).toEqual([0, 0, 0]);
    expect(proxy.stdout).toMatch(/Eliza meets Parry[^]*Eliza \(1\): [^]*Parry \(4\): [^]*max-messages/);
    expect(eliza.stderr).toContain('the meeting is over: max-messages');
  });

  it('go on to the next meeting, and SIGTERM ends the proxy with code 0', async () => {
    const cwd = await temporaryFolder();
    const { proxy, a, b } = await startProxy(cwd, '-M', '2');
    for (let count = 0; count < 2; count++) {
      const agents = [run(cwd, 'agent', 'eliza', '-p', a), run(cwd, 'agent', 'parry', '-p', b)];
      expect((await Promise.all(agents)).map(({ code }) => code)).toEqual([0, 0]);
    }
    proxy.child.kill('SIGTERM');
    expect(await proxy.ended).toEqual({ code: 0, signal: null });
    expect(readdirSync(path.join(cwd, 'transcripts'))).toHaveLength(2);
  });

  it('wait for a proxy that is not there yet, and say so', async () => {
    const cwd = await temporaryFolder();
    const port = await new Promise<number>((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as net.AddressInfo;
        server.close(() => resolve(port));
      });
    });
    const agent = colloquy(cwd, 'agent', '-s', 'eliza', '-p', String(port));
    await agent.until(/no proxy listens on 127\.0\.0\.1:\d+ yet; next try in 0\.3 s/, 'stderr');
    colloquy(cwd, 'proxy', '--port-a', String(port), '--port-b', '0');
    await agent.until(/Eliza waits for a partner/, 'stderr');
    agent.child.kill('SIGINT');
    expect((await agent.ended).code).toBe(130);
  });

  it('take their settings from a file alone', async () => {
    const cwd = await temporaryFolder();
    const { proxy, a, b } = await startProxy(cwd, '--once', '-M', '2', '--first', 'a');
    writeFileSync(path.join(cwd, 'me.md'), '# Tester Persona: Tom (en) [m]\n\nYou are Tom.\n');
    writeFileSync(path.join(cwd, 'replies.yml'), '- Hello from a file.\n- Bye.\n');
    writeFileSync(
      path.join(cwd, 'mine.yml'),
      `service: scripted\npersona: me.md\nreplies: replies.yml\nport: ${a}\n`,
    );
    const codes = [run(cwd, 'agent', '-c', 'mine.yml'), run(cwd, 'agent', '-s', 'parry', '-p', b)];
    expect((await Promise.all(codes)).map(({ code }) => code)).toEqual([0, 0]);
    await proxy.ended;
    const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
    expect(readFileSync(path.join(cwd, 'transcripts', meeting, 'a.txt'), 'utf8')).toBe(
      'Hello from a file.\n',
    );
  });

  it('may be a person: colloquy join takes a seat from a terminal or a pipe', async () => {
    const cwd = await temporaryFolder();
    const { proxy, a, b } = await startProxy(cwd, '--once', '--first', 'b');
    const person = colloquy(cwd, 'join', '-p', b, '--name', 'Rosa');
    const eliza = colloquy(cwd, 'agent', '-s', 'eliza', '-p', a);
    await person.until(/It is yours to begin/);
    person.child.stdin.write('"""\nMy mother\nnever listens.\n"""\n');
    await person.until(/Eliza\n {2}\S/);
    person.child.stdin.end('/bye\n');
    await person.until(/The meeting is over: end/);
    expect([(await person.ended).code, (await eliza.ended).code, (await proxy.ended).code]).toEqual([
      0, 0, 0,
    ]);
    const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
    expect(readFileSync(path.join(cwd, 'transcripts', meeting, 'b.txt'), 'utf8')).toBe(
      'My mother\nnever listens.\n',
    );
  });

  it('says which port is taken and what to do', async () => {
    const cwd = await temporaryFolder();
    const { a } = await startProxy(cwd);
    const { code, stderr } = await run(cwd, 'proxy', '--port-a', a);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `colloquy: port ${a} on 127.0.0.1 is taken; stop what listens there or choose another with --port-a\n`,
    });
  });
});

const hasNc = spawnSync('nc', ['-h']).error === undefined;

describe('nc on both ports', () => {
  it.skipIf(!hasNc)('holds a conversation by hand (needs the program nc)', async () => {
    const cwd = await temporaryFolder();
    const { a, b } = await startProxy(cwd, '--first', 'a');
    const [left, right] = [a, b].map((port) => new Program('nc', ['127.0.0.1', port], { cwd })) as [
      Program,
      Program,
    ];
    left.child.stdin.write('/iam: Anna (en) [f]\n');
    right.child.stdin.write('/iam: Ben\n');
    await left.until(/^\/start\n$/);
    left.child.stdin.write('Good evening, Ben.\n');
    await right.until(/^Good evening, Ben\.\n$/);
    right.child.stdin.write('Good evening. Is it late\nwhere you are?\n');
    await left.until(/Is it late\nwhere you are\?\n$/);
    left.child.stdin.write('Late enough. /bye\n');
    await right.until(/Late enough\.\n\/bye\n$/);
    right.child.stdin.write('Good night. /end\n');
    await left.until(/Good night\.\n\/stop: end\n$/);
    await right.until(/\/stop: end\n$/);
  });
});

describe('SIGKILL of the proxy', () => {
  it('leaves every message that was forwarded in the journal, whenever it comes', async () => {
    for (let attempt = 0; attempt < 8; attempt++) {
      const cwd = await temporaryFolder();
      const { proxy, a, b } = await startProxy(cwd, '-M', '0');
      const ada = await RawClient.greet(Number(a), { name: 'Ada', meeting: 'm1' });
      const bob = await RawClient.greet(Number(b), { name: 'Bob', meeting: 'm1' });
      await bob.until('\n');
      let sent = 0;
      const sending = setInterval(() => {
        for (let burst = 0; burst < 20; burst++) ada.send(`message ${++sent}\n`);
      }, 1);
      await bob.until('message 5\n');
      // Somewhere in the next moments, and never at the same point of the loop.
      await new Promise((resolve) => setTimeout(resolve, attempt * 7));
      proxy.child.kill('SIGKILL');
      clearInterval(sending);
      const forwarded = (await bob.closed())
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('message'));
      const text = readFileSync(path.join(cwd, 'transcripts', 'm1', 'journal.jsonl'), 'utf8');
      const journaled = text.split('\n').slice(0, -1);
      const said = journaled
        .map((line) => (JSON.parse(line) as { text?: string }).text)
        .filter((text) => text !== undefined);
      expect(said.slice(5, 5 + forwarded.length)).toEqual(forwarded);
      expect(said).toEqual(said.map((_, index) => `message ${index + 1}`));
    }
  });
});
