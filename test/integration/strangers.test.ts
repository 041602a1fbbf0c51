import { existsSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RelayLimits } from '../../proxy/relay-settings.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';

const usual: RelayLimits = {
  connections: 4_096,
  connectionsPerAddress: 512,
  strangers: 2_048,
  waiting: 1_024,
  meetings: 2_048,
};

/** Two who talk with each other, to see what others cost them. */
async function startTalk({ ports }: TestRelay, greeting: object = {}) {
  const ada = await RawClient.greet(ports.a, { name: 'Ada', meeting: 'talk', ...greeting });
  const bob = await RawClient.greet(ports.b, { name: 'Bob', meeting: 'talk', ...greeting });
  await ada.until('/start\n');
  await bob.until('\n');
  return { ada, bob };
}

/** Milliseconds of one message there and one back, sorted. */
async function roundTrips(
  { ada, bob }: { ada: RawClient; bob: RawClient },
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let each = 0; each < count; each++) {
    const startedAt = performance.now();
    ada.send(`ping ${each}\n`);
    expect(await bob.until('\n')).toBe(`ping ${each}\n`);
    bob.send(`pong ${each}\n`);
    expect(await ada.until('\n')).toBe(`pong ${each}\n`);
    times.push(performance.now() - startedAt);
  }
  return times.sort((one, other) => one - other);
}

function describeTimes(times: readonly number[]): string {
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2);
  return `median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`;
}

/** Connections that send what they are given, and then nothing. */
async function crowd(
  ports: readonly number[],
  size: number,
  bytes: (index: number) => string = () => '',
): Promise<net.Socket[]> {
  const sockets = Array.from({ length: size }, (_, index) => {
    const socket = net.connect(ports[index % ports.length] as number, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(bytes(index));
    return socket;
  });
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(
    sockets.map(
      (socket) => new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve)),
    ),
  );
  return sockets;
}

describe('two thousand who connect and never greet', () => {
  it('do not disturb a meeting, and keep nobody out who greets', async () => {
    const relay = await startRelay({ greetingMs: 60_000 });
    const talk = await startTalk(relay);
    await roundTrips(talk, 100);
    const before = await roundTrips(talk, 300);
    const arriving = crowd([relay.ports.a, relay.ports.b], 2_000, () => '/iam: {"name":"E');
    const during = await roundTrips(talk, 300);
    await arriving;
    const after = await roundTrips(talk, 300);
    console.log(
      `round trip before: ${describeTimes(before)}\nwhile 2,000 strangers come: ${describeTimes(during)}\nwhile they stay: ${describeTimes(after)}`,
    );
    const carl = await RawClient.greet(relay.ports.a, { name: 'Carl', meeting: 'other' });
    const dora = await RawClient.greet(relay.ports.b, { name: 'Dora', meeting: 'other' });
    expect(await carl.until('\n')).toContain('/welcome');
    expect(await dora.until('\n')).toContain('/welcome');
    expect(relay.relay.meetings).toBe(2);
    // What they cost is little; a machine that does much else has room for more.
    expect(after[150]).toBeLessThan((before[150] ?? 0) * 10 + 20);
  });

  it('are closed, the oldest first, when there are more than may be', async () => {
    const limits = { ...usual, connections: 300, strangers: 100 };
    const relay = await startRelay({ greetingMs: 60_000, limits });
    const talk = await startTalk(relay);
    const sockets = await crowd([relay.ports.a, relay.ports.b], 2_000);
    const open = (): number => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    await expect.poll(open, { timeout: 60_000 }).toBe(100);
    // They may stay until the greeting is due, as long as nobody else comes.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(open()).toBe(100);
    const carl = await RawClient.greet(relay.ports.a, { name: 'Carl', meeting: 'other' });
    const dora = await RawClient.greet(relay.ports.b, { name: 'Dora', meeting: 'other' });
    expect(await carl.until('\n')).toContain('/welcome');
    expect(await dora.until('\n')).toContain('/welcome');
    await roundTrips(talk, 10);
  });

  it('may come and go without end, and no place is lost', async () => {
    const limits = { ...usual, connections: 20, strangers: 10 };
    const relay = await startRelay({ limits });
    for (let round = 0; round < 20; round++) {
      const sockets = await crowd([relay.ports.a, relay.ports.b], 30);
      sockets.forEach((socket, index) => (index % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()));
      // Nor is that of somebody who waited, or had a meeting.
      const waiting = await RawClient.greet(relay.ports.a, { name: 'Waits', meeting: `w${round}` });
      await new Promise((resolve) => setTimeout(resolve, 5));
      waiting.socket.destroy();
      const { ada, bob } = await startTalk(relay, { meeting: `m${round}` });
      ada.send('/end\n');
      await Promise.all([ada.closed(), bob.closed()]);
    }
    await startTalk(relay);
  });
});

describe('a thousand pairs', () => {
  it('come all at once, and sit down with the usual limits', async () => {
    const { ports, relay } = await startRelay({ greetingMs: 30_000, transcripts: undefined });
    await Promise.all([
      crowd([ports.a], 1_000, (index) => `/iam: {"name":"A","meeting":"m${index}"}\n`),
      crowd([ports.b], 1_000, (index) => `/iam: {"name":"B","meeting":"m${index}"}\n`),
    ]);
    await expect.poll(() => relay.meetings, { timeout: 60_000 }).toBe(1_000);
  });
});

describe('limits', () => {
  it('of waiting agents turn the next one away, unless somebody waits for that one', async () => {
    const { ports, relay } = await startRelay({ limits: { ...usual, waiting: 2 } });
    const waiting = [];
    for (const name of ['One', 'Two']) waiting.push(await RawClient.greet(ports.a, { name }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const third = await RawClient.greet(ports.a, { name: 'Three' });
    expect(await third.closed()).toBe(
      '/error: {"code":"busy","message":"too many are here; try again later"}\n',
    );
    const named = await RawClient.greet(ports.b, { name: 'Four', meeting: 'mine' });
    expect(await named.closed()).toContain('"code":"busy"');
    const partner = await RawClient.greet(ports.b, { name: 'Five' });
    expect(await partner.until('\n')).toContain('"partner":"One"');
    expect(relay.meetings).toBe(1);
    // The place of the one who sits now is free.
    const sixth = await RawClient.greet(ports.b, { name: 'Six', meeting: 'mine' });
    const seventh = await RawClient.greet(ports.a, { name: 'Seven', meeting: 'mine' });
    expect(await sixth.until('\n')).toContain('"partner":"Seven"');
    expect(await seventh.until('\n')).toContain('"partner":"Six"');
  });

  it('of meetings turn others away, and those who come back to theirs are let in', async () => {
    const relay = await startRelay({ limits: { ...usual, meetings: 1 } });
    const features = ['history'];
    const ada = await RawClient.greet(relay.ports.a, { name: 'Ada', meeting: 'talk', features });
    const bob = await RawClient.greet(relay.ports.b, { name: 'Bob', meeting: 'talk', features });
    const [, secret] = /"secret":"(\w+)"/.exec(await ada.until('\n')) ?? [];
    await bob.until('\n');
    const late = await RawClient.greet(relay.ports.a, { name: 'Late' });
    expect(await late.closed()).toContain('"code":"busy"');
    ada.socket.destroy();
    const again = await RawClient.greet(relay.ports.a, { name: 'Ada', meeting: 'talk', features, secret });
    expect(await again.until('\n')).toContain('/welcome');
  });

  it('of what a stranger may send are lower than those of an agent', async () => {
    const { ports } = await startRelay();
    const long = await RawClient.greet(ports.a, { name: 'Long', persona: 'x'.repeat(256 * 1024) });
    expect(await long.closed()).toContain('"code":"frame-too-large"');
    const persona = 'x'.repeat(255 * 1024);
    const first = await RawClient.greet(ports.a, { name: 'A', persona, meeting: 'talk' });
    const second = await RawClient.greet(ports.b, { name: 'B', persona, meeting: 'talk' });
    await first.until('/start\n');
    await second.until('\n');
    const speech = 'y'.repeat(1_000_000);
    first.send(`${speech}\n`);
    expect((await second.until('\n')).length).toBe(speech.length + 1);
  });
});

describe('tokens', () => {
  const tokens = { a: 'token of a', b: 'token of b' };

  it('open the seat they are for, and no other', async () => {
    const { ports } = await startRelay({ tokens });
    const wrong: [number, string | undefined][] = [
      [ports.b, tokens.a],
      [ports.a, tokens.b],
      [ports.a, ''],
      [ports.a, undefined],
    ];
    for (const [port, token] of wrong) {
      const client = await RawClient.greet(port, { name: 'Eve', token });
      expect(await client.closed()).toContain('"code":"bad-token"');
    }
    const ada = await RawClient.greet(ports.a, { name: 'Ada', token: tokens.a });
    await RawClient.greet(ports.b, { name: 'Bob', token: tokens.b });
    expect(await ada.until('\n')).toContain('/welcome');
  });

  it('stand beside one for both: a seat with its own does not open to that', async () => {
    const { ports } = await startRelay({ token: 'of both', tokens: { a: tokens.a } });
    expect(await (await RawClient.greet(ports.a, { name: 'E', token: 'of both' })).closed()).toContain(
      'bad-token',
    );
    const ada = await RawClient.greet(ports.a, { name: 'Ada', token: tokens.a });
    await RawClient.greet(ports.b, { name: 'Bob', token: 'of both' });
    expect(await ada.until('\n')).toContain('/welcome');
  });

  it('that are wrong get one answer, whatever is behind the door', async () => {
    const relay = await startRelay({ token: 'right' });
    const { ada } = await startTalk(relay, { token: 'right', features: ['history'] });
    await RawClient.greet(relay.ports.a, { name: 'Waits', token: 'right', meeting: 'waiting' });
    const greetings = [
      {},
      { meeting: 'talk' },
      { meeting: 'waiting' },
      { meeting: 'none' },
      { meeting: 'talk', secret: '0'.repeat(32) },
      { meeting: 'none', secret: '0'.repeat(32) },
    ];
    const answers = new Set<string>();
    for (const greeting of greetings) {
      // Without a token, so that nobody is made to wait.
      answers.add(await (await RawClient.greet(relay.ports.a, { name: 'Eve', ...greeting })).closed());
    }
    // Nor is it told whether the proxy is about to end.
    const last = await RawClient.connect(relay.ports.a);
    relay.relay.sayGoodbye();
    last.send('/iam: {"name":"Eve"}\n');
    const answer =
      '/error: {"code":"bad-token","message":"this proxy asks for a token, and that is not it"}\n';
    expect([...answers]).toEqual([answer]);
    ada.socket.destroy();
  });

  it('are not guessed quickly, and in the meantime those who know them get in', async () => {
    const relay = await startRelay({ token: 'right' });
    const startedAt = performance.now();
    const guess = async (index: number): Promise<number> => {
      const guesser = await RawClient.greet(relay.ports.a, { name: 'Eve', token: `guess ${index}` });
      expect(await guesser.closed()).toContain('"code":"bad-token"');
      return performance.now() - startedAt;
    };
    const talk = async (): Promise<number> => {
      await roundTrips(await startTalk(relay, { token: 'right' }), 1);
      return performance.now() - startedAt;
    };
    const guesses = Promise.all(Array.from({ length: 7 }, (_, index) => guess(index)));
    const [waits, talkedMs] = await Promise.all([guesses, talk()]);
    const [fifth = 0, sixth = 0, last = 0] = waits.sort((one, other) => one - other).slice(4);
    expect(sixth).toBeGreaterThan(900);
    expect(last).toBeGreaterThan(1_900);
    expect(fifth).toBeLessThan(last - 900);
    expect(talkedMs).toBeLessThan(last);
  });
});

describe('who comes back with a wrong secret', () => {
  it('learns nothing, and takes nothing', async () => {
    const relay = await startRelay();
    const { ada, bob } = await startTalk(relay, { features: ['history'] });
    const answers = new Set<string>();
    for (const [meeting, secret] of [
      ['talk', '0'.repeat(32)],
      ['talk', ''],
      ['none', '0'.repeat(32)],
      ['seats.json', '0'.repeat(32)],
    ]) {
      answers.add(await (await RawClient.greet(relay.ports.a, { name: 'Eve', meeting, secret })).closed());
    }
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('"code":"no-seat"');
    await roundTrips({ ada, bob }, 3);
  });
});

describe('names of meetings', () => {
  it.each([
    '..',
    '.',
    '.hidden',
    '../outside',
    '..\\outside',
    '/tmp/outside',
    'a/b',
    'a\\b',
    '%2e%2e%2foutside',
    'nul\u0000byte',
    'line\nbreak',
    'escape\u001b[2J',
    'turned\u202egnp',
    'ümlaut',
    '-flag',
    'x'.repeat(101),
    '',
  ])('that are no names of folders make none: %j', async (meeting) => {
    const relay = await startRelay();
    const parent = path.dirname(relay.transcripts);
    const around = new Set(readdirSync(parent));
    for (const greeting of [{ meeting }, { meeting, secret: '0'.repeat(32) }]) {
      for (const port of [relay.ports.a, relay.ports.b]) {
        const answer = await (await RawClient.greet(port, { name: 'Eve', ...greeting })).closed();
        expect(answer).toContain('"code":"bad-meeting"');
        // What was sent does not come back.
        expect(answer).not.toContain('outside');
      }
    }
    expect(readdirSync(relay.transcripts)).toEqual([]);
    expect(existsSync(path.join(parent, 'outside'))).toBe(false);
    const added = readdirSync(parent).filter(
      (name) => !around.has(name) && !name.startsWith('colloquy-test-'),
    );
    expect(added.filter((name) => name.includes('outside'))).toEqual([]);
  });

  it('go on the wire and into the journal as they are, and onto no line of their own', async () => {
    const relay = await startRelay();
    const name = 'Eve\n/stop: owned\r\n\u001b[2J\u202e';
    const eve = await RawClient.greet(relay.ports.a, { name, meeting: 'talk' });
    const bob = await RawClient.greet(relay.ports.b, { name: 'Bob', meeting: 'talk' });
    const welcome = await bob.until('\n');
    expect(welcome).toMatch(/^\/welcome: \{.*\}\n$/);
    expect(JSON.parse(welcome.slice('/welcome: '.length))).toMatchObject({ partner: name });
    // As JSON writes them: no line of a log or a terminal begins there.
    expect(welcome).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    eve.send('/end\n');
    await eve.closed();
    await relay.relay.finish();
    const files = readdirSync(path.join(relay.transcripts, 'talk'));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const text = readFileSync(path.join(relay.transcripts, 'talk', file), 'utf8');
      expect(text, file).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
    }
  });
});
