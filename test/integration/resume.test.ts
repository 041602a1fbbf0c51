import { existsSync, mkdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startAgent, type Agent } from '../../agents/agent.ts';
import type { Provider } from '../../agents/provider.ts';
import { RawClient, startRelay } from '../support/relay.ts';

const features = ['note', 'history'];

async function welcomeOf(
  client: RawClient,
): Promise<{ meeting: string; secret: string; turn: number; said: number }> {
  const text = await client.until(/\/welcome: .*\n/);
  return JSON.parse(text.slice(text.indexOf('{'))) as never;
}

describe('an agent that loses its connection', () => {
  test('comes back to its seat, is told what was said, and is asked again for the turn it owed', async () => {
    const { ports, journal } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    await a.until('/start\n');
    const { meeting, secret } = await welcomeOf(b);
    a.send('One.\n');
    await b.until('One.\n');
    b.send('Two.\n');
    await a.until('Two.\n');
    a.send('Three.\n');
    await b.until('Three.\n');
    b.socket.destroy();

    const again = await RawClient.greet(ports.b, { name: 'Ben', meeting, secret, features });
    expect(await welcomeOf(again)).toMatchObject({ turn: 3, said: 1 });
    expect(await again.until('Three.\n')).toBe(
      `/history: ${JSON.stringify([
        { turn: 1, seat: 'a', text: 'One.' },
        { turn: 2, seat: 'b', text: 'Two.' },
      ])}\nThree.\n`,
    );
    again.send('Four.\n');
    expect(await a.until('Four.\n')).toBe('Four.\n');
    const types = journal(meeting).map(({ type }) => type);
    expect(types.slice(-4)).toEqual(['turn', 'lost', 'returned', 'turn']);
  });

  test('is told what the partner said meanwhile', async () => {
    const { ports, event } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    const { secret } = await welcomeOf(b);
    await a.until('/start\n');
    b.socket.destroy();
    await event('status');
    a.send('Are you there?\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const again = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', secret, features });
    expect(await again.until('there?\n')).toMatch(/\/history: \[\]\nAre you there\?\n$/);
  });

  test('takes the seat over from a connection that only seems to be alive', async () => {
    const { ports } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    const { secret } = await welcomeOf(b);
    const again = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', secret, features });
    await welcomeOf(again);
    expect(await b.closed()).toContain('"code":"seat-taken"');
    await a.until('/start\n');
    a.send('Hello.\n');
    await again.until('Hello.\n');
  });

  test('before it was welcomed comes back with what it claimed the seat by, while it waits and when it is seated', async () => {
    const { ports, journal } = await startRelay();
    const claim = 'c'.repeat(32);
    const greeting = { name: 'Ben', meeting: 'm', features, claim };
    const waiting = await RawClient.greet(ports.b, greeting);
    // The first connection is gone, and the relay has not noticed.
    const b = await RawClient.greet(ports.b, greeting);
    expect(await waiting.closed()).toContain('"code":"seat-taken"');
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    await a.until('/start\n');
    // What was said to it meanwhile it may never have read.
    b.socket.destroy();
    a.send('Hello?\n');
    const again = await RawClient.greet(ports.b, greeting);
    expect(await again.until('Hello?\n')).toMatch(/\/welcome: .*\n\/history: \[\]\nHello\?\n$/);
    again.send('Here I am.\n');
    await a.until('Here I am.\n');
    expect(journal('m').map(({ type }) => type)).toEqual(
      expect.arrayContaining(['lost', 'returned', 'turn']) as string[],
    );
  });

  test('cannot take a seat by what another claims, nor by a claim that could be guessed', async () => {
    const { ports } = await startRelay();
    const claim = 'c'.repeat(32);
    await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features, claim });
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    await a.until('/start\n');
    const other = await RawClient.greet(ports.b, {
      name: 'Eve',
      meeting: 'm',
      features,
      claim: 'd'.repeat(32),
    });
    expect(await other.closed()).toContain('"code":"seat-taken"');
    const wrongSeat = await RawClient.greet(ports.a, { name: 'Eve', meeting: 'm', features, claim });
    expect(await wrongSeat.closed()).toContain('"code":"seat-taken"');
    const short = await RawClient.greet(ports.b, { name: 'Eve', features, claim: 'c' });
    expect(await short.closed()).toContain('"code":"bad-greeting"');
  });

  test('cannot come back with another secret, to the other seat, or to a meeting that is over', async () => {
    const { ports, event } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    const { secret } = await welcomeOf(b);
    for (const [port, meeting, guess] of [
      [ports.b, 'm', 'f'.repeat(32)],
      [ports.a, 'm', secret],
      [ports.b, 'other', secret],
      [ports.b, '../m', secret],
    ] as const) {
      const stranger = await RawClient.greet(port, { name: 'Ben', meeting, secret: guess, features });
      expect(await stranger.closed()).toMatch(/^\/error: \{"code":"(no-seat|bad-meeting)"/);
    }
    a.send('Bye. /end\n');
    await event('stopped');
    const late = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', secret, features });
    expect(await late.closed()).toContain('"code":"no-seat"');
  });

  test('is waited for no longer than the seat is kept', async () => {
    const { ports, event } = await startRelay({ resumeMs: 60 });
    await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    await welcomeOf(b);
    b.socket.destroy();
    const { reason, detail } = await event('stopped');
    expect(reason).toBe('agent-lost');
    expect(detail).toMatch(/^Ben \(seat b\) (closed|reset|lost) the connection/);
  });

  test('is not waited for where it says that it leaves, or cannot come back', async () => {
    const { ports, seen } = await startRelay({ resumeMs: 60_000 });
    for (const [meeting, own, farewell] of [
      ['left', features, '/leave: has to go\n'],
      ['old', ['note'], ''],
    ] as const) {
      await RawClient.greet(ports.a, { name: 'Ann', meeting, features: own });
      const b = await RawClient.greet(ports.b, { name: 'Ben', meeting, features: own });
      await b.until(/\/welcome: .*\n/);
      b.send(farewell);
      b.socket.end();
      await b.closed();
      await until(() => seen.some((event) => event.type === 'stopped' && event.meeting === meeting));
    }
    expect(seen.filter(({ type }) => type === 'stopped')).toMatchObject([
      { reason: 'agent-lost', detail: 'Ben (seat b) left: has to go' },
      { reason: 'agent-lost', detail: 'Ben (seat b) closed the connection' },
    ]);
  });
});

describe('an agent whose line breaks before anybody has welcomed it', () => {
  test('greets again, has its seat, and the partner notices nothing', async () => {
    const { ports, journal, event } = await startRelay({ maxMessages: 4, first: 'b' });
    const asked: string[] = [];
    const line = await lineThatBreaksOnce(ports.b);
    const agents = [startSpeaker(ports.a, 'a', asked), startSpeaker(line, 'b', asked)];
    expect(await event('stopped')).toMatchObject({ reason: 'max-messages', turns: 4 });
    await Promise.all(agents.map(({ finished }) => finished));
    const said = journal('m').flatMap((entry) => (entry.type === 'turn' ? [entry.text] : []));
    expect(said).toEqual(['b says 1', 'a says 1', 'b says 2', 'a says 2']);
  });
});

describe('messages with numbers', () => {
  test('are taken once, however often they come', async () => {
    const { ports, journal } = await startRelay();
    const numbered = [...features, 'numbered'];
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features: numbered });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features: numbered });
    await a.until(/\/seq: \d+\n\/start\n/);
    const once = '/meta: {"number":1}\nOne.\n';
    a.send(once + once + 'One.\n' + '/meta: {"number":2}\nTwo.\n');
    expect(await b.until('Two.\n')).toMatch(/\/seq: 5\nOne\.\n\/seq: 6\nTwo\.\n$/);
    expect(journal('m').filter(({ type }) => type === 'turn')).toHaveLength(2);
  });
});

describe('a proxy that is started again', () => {
  test('goes on with its meetings, whose agents lose no word and say none twice', async () => {
    const first = await startRelay({ maxMessages: 12 });
    const { ports, transcripts } = first;
    const asked: string[] = [];
    const agents = (['a', 'b'] as const).map((seat) => startSpeaker(ports[seat], seat, asked));
    await until(() => first.seen.filter(({ type }) => type === 'turn').length >= 5);
    // As good as killed: the connections end without a word, and so does the journal.
    await first.relay.shutDown(0, true);

    await startRelay({ maxMessages: 12, ports, transcripts });
    expect(await Promise.all(agents.map(({ finished }) => finished))).toEqual([
      'max-messages',
      'max-messages',
    ]);
    const turns = first.journal('m').filter((event) => event.type === 'turn');
    expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(new Set(turns.map(({ text }) => text)).size).toBe(12);
    expect(turns.map(({ seat }) => seat).join('')).toMatch(/^(ab){6}$/);
    expect(new Set(asked).size).toBe(asked.length);
    const sequence = first.journal('m').map(({ seq }) => seq);
    expect(sequence).toEqual(sequence.map((_, at) => at + 1));
    expect(existsSync(path.join(transcripts, 'm', 'seats.json'))).toBe(false);
  });

  test('has the meeting of one that was drained, though a seat was empty for longer than it is kept', async () => {
    const first = await startRelay({ resumeMs: 50 });
    const a = await RawClient.greet(first.ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(first.ports.b, { name: 'Ben', meeting: 'm', features });
    const { secret } = await welcomeOf(a);
    await a.until('/start\n');
    const drained = first.relay.shutDown(5_000, true);
    a.socket.destroy();
    await until(() => first.journal('m').some(({ type }) => type === 'lost'));
    // Nobody can come back to a proxy that lets nobody in.
    await new Promise((resolve) => setTimeout(resolve, 150));
    b.send('I am still here.\n');
    await drained;
    expect(first.journal('m').map(({ type }) => type)).not.toContain('stop');

    const { ports } = await startRelay({ transcripts: first.transcripts });
    const again = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', secret, features });
    await again.until('I am still here.\n');
  });

  test('is shut down also where its disk takes nothing', async () => {
    const { relay, ports, transcripts } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    await a.until('/start\n');
    // No file can take the place of a folder.
    const file = path.join(transcripts, 'm', 'seats.json');
    rmSync(file);
    mkdirSync(path.join(file, 'x'), { recursive: true });
    await relay.shutDown(0, true);
    expect(await a.closed()).toContain('shutting-down');
  });

  test('tells the one who starts to start, where nothing had been said yet', async () => {
    const { relay, ports, transcripts } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann', meeting: 'm', features });
    const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm', features });
    const { secret } = await welcomeOf(a);
    await a.until('/start\n');
    await welcomeOf(b);
    await relay.shutDown(0, true);
    const { ports: next } = await startRelay({ transcripts });
    const again = await RawClient.greet(next.a, { name: 'Ann', meeting: 'm', secret, features });
    expect(await again.until('/start\n')).toMatch(/\/history: \[\]\n\/start\n$/);
  });
});

/** Answers every message with its own name and a number. */
function startSpeaker(port: number, seat: string, asked: string[]): Agent {
  let count = 0;
  const provider: Provider = {
    name: 'scripted',
    model: 'test',
    async *reply({ messages }) {
      asked.push(`${seat}: ${messages.map(({ content }) => content).join(' | ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield { type: 'text', text: `${seat} says ${++count}` };
      yield { type: 'end', finish: 'stop' };
    },
  };
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return startAgent({
    proxy: { host: '127.0.0.1', port },
    greeting: { name: seat.toUpperCase(), meeting: 'm', features: ['note'] },
    system: '',
    provider,
    patience: { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 },
    signal: abort.signal,
  });
}

/** Hands over what comes, and breaks the first time something should go back. */
async function lineThatBreaksOnce(port: number): Promise<number> {
  let isBroken = false;
  const server = net.createServer((client) => {
    const relay = net.connect(port, '127.0.0.1');
    for (const end of [client, relay]) end.on('error', () => {});
    client.pipe(relay);
    relay.once('close', () => client.destroy());
    client.once('close', () => relay.destroy());
    if (isBroken) return void relay.pipe(client);
    relay.once('data', () => {
      isBroken = true;
      client.destroy();
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
