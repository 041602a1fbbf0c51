import { describe, expect, it } from 'vitest';
import { RawClient, startRelay } from '../support/relay.ts';

const a = { name: 'Ada', meeting: 'm1' };
const b = { name: 'Bob', meeting: 'm1' };

describe('two agents of the framed dialect', () => {
  it('are welcomed, started, and hear each other, line by line', async () => {
    const { ports, journal, event } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    expect(await ada.until('/start\n')).toBe(
      '/welcome: {"meeting":"m1","seat":"a","partner":"Bob","turn":0}\n/start\n',
    );
    expect(await bob.until('\n')).toContain('"seat":"b","partner":"Ada"');
    ada.send('/delta: Hel\n/meta: {"ms":5,"finish":"stop"}\nHello,\\nBob\\\\\n');
    expect(await bob.until('\n')).toBe('Hello,\\nBob\\\\\n');
    bob.send('/usr/bin is a folder\n');
    expect(await ada.until('\n')).toBe('\\/usr/bin is a folder\n');
    ada.send('/end\n');
    expect(await ada.closed()).toBe('/stop: end\n');
    expect(await bob.closed()).toBe('/stop: end\n');
    expect(await event('stopped')).toMatchObject({ reason: 'end', turns: 2 });
    expect(journal('m1').map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 meeting',
      '2 seated',
      '3 seated',
      '4 start',
      '5 turn',
      '6 turn',
      '7 control',
      '8 stop',
    ]);
    expect(journal('m1')[4]).toMatchObject({
      seat: 'a',
      turn: 1,
      text: 'Hello,\nBob\\',
      meta: { ms: 5, finish: 'stop' },
    });
  });

  it('get every byte that the other one sent, however it was escaped', async () => {
    const { ports, journal } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await bob.until('\n');
    const lines = ['C:\\temp \\"quoted\\" \\\\ \\\\n \\', '\\/bye', '', ' ', 'ä\u2028b'];
    ada.send(lines.map((line) => line + '\n').join(''));
    expect(await bob.until('b\n')).toBe(lines.map((line) => line + '\n').join(''));
    expect(journal('m1').find(({ type }) => type === 'turn')).toMatchObject({
      text: 'C:\\temp \\"quoted\\" \\ \\n \\',
    });
  });

  it('say goodbye once each, and the meeting ends with reason end', async () => {
    const { ports, journal } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    await bob.until('\n');
    ada.send('I must go. /bye\n');
    expect(await bob.until('/bye\n')).toBe('I must go.\n/bye\n');
    bob.send('Farewell! /end\n');
    expect(await ada.closed()).toBe('Farewell!\n/stop: end\n');
    expect(await bob.closed()).toBe('/stop: end\n');
    expect(
      journal('m1')
        .slice(4)
        .map(({ type }) => type),
    ).toEqual(['turn', 'turn', 'stop']);
  });

  it('are parted in the end even if the answer to a goodbye forgets to end, or never comes', async () => {
    const { ports, journal } = await startRelay({ goodbyeMs: 50 });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    ada.send('/bye\n');
    await bob.until('/bye\n');
    bob.send('And good night.\n');
    expect(await ada.closed()).toMatch(/And good night\.\n\/stop: end\n$/);

    const [eve, pat] = [
      await RawClient.greet(ports.a, { name: 'E' }),
      await RawClient.greet(ports.b, { name: 'P' }),
    ];
    eve.send('/bye\n');
    expect(await pat.closed()).toMatch(/\/bye\n\/stop: end\n$/);
    expect(journal('m1').at(-1)).toMatchObject({ type: 'stop', reason: 'end' });
  });

  it('are stopped by the number of messages, and the last one is delivered', async () => {
    const { ports, journal } = await startRelay({ maxMessages: 3 });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    ada.send('1\n2\n3\n4\n');
    expect(await bob.closed()).toMatch(/\n1\n2\n3\n\/stop: max-messages\n$/);
    expect(await ada.closed()).toMatch(/\/stop: max-messages\n$/);
    expect(journal('m1').filter(({ type }) => type === 'turn')).toHaveLength(3);
    expect(journal('m1').filter(({ type }) => type === 'stop')).toHaveLength(1);
  });

  it('get the last words and the end in one piece, so that nobody begins to answer', async () => {
    const { ports } = await startRelay({ maxMessages: 1 });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await bob.until('\n');
    const pieces: string[] = [];
    bob.socket.on('data', (piece: string) => pieces.push(piece));
    ada.send('last words\n');
    await bob.closed();
    expect(pieces).toEqual(['last words\n/stop: max-messages\n']);
  });

  it('are stopped by the clock', async () => {
    const { ports } = await startRelay({ maxSeconds: 0.05 });
    const ada = await RawClient.greet(ports.a, a);
    await RawClient.greet(ports.b, b);
    expect(await ada.closed()).toMatch(/\/stop: max-seconds\n$/);
  });

  it('start with other words when the proxy says so, with either seat', async () => {
    const { ports } = await startRelay({ hello: 'Good evening!', first: 'b' });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    expect(await bob.until('evening!\n')).toMatch(/^\/welcome: .*\nGood evening!\n$/);
    bob.send('x\n');
    expect(await ada.until('x\n')).not.toContain('evening');
  });

  it('help each other', async () => {
    const { ports } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    ada.send('/help\n');
    expect(await bob.until('/help\n')).toMatch(/^\/welcome.*\n\/help\n$/);
    bob.send('Who are you? /help\n');
    expect(await ada.until('/help\n')).toMatch(/Who are you\?\n\/help\n$/);
  });

  it('are stopped by the limit even if they only ask each other for help', async () => {
    const { ports } = await startRelay({ maxMessages: 3 });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    ada.send('/help\n/help\n');
    await bob.until('/help\n/help\n');
    bob.send('/help\n');
    expect(await bob.closed()).toBe('/stop: max-messages\n');
  });

  it('cannot fill the journal with what they say of themselves', async () => {
    const { ports, journal } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    ada.send(`/status: ${'x'.repeat(10_000)}\n`.repeat(500) + '/end\n');
    await ada.closed();
    const statuses = journal('m1').filter((event) => event.type === 'status');
    expect(statuses).toHaveLength(100);
    expect(statuses[0]?.text).toHaveLength(500);
  });

  it('have the whole time for a goodbye, however long it was held back', async () => {
    const rate = { messagesPerMinute: 120, charactersPerMinute: 0, providers: {} };
    const { ports } = await startRelay({ rate, goodbyeMs: 300 });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    ada.send('one\ntwo /bye\n');
    await bob.until('/bye\n');
    bob.send('farewell /end\n');
    expect(await ada.closed()).toMatch(/farewell\n\/stop: end\n$/);
  });

  it('see the other one write only if they asked for that', async () => {
    const { ports } = await startRelay();
    const ada = await RawClient.greet(ports.a, { ...a, features: ['delta'] });
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    ada.send('/delta: a secret\n/status: thinking hard\nI\n');
    bob.send('/delta: So\n/status: rate limited, next try in 2 s\nSo?\n');
    expect(await ada.until('So?\n')).toBe('/delta: So\n/status: rate limited, next try in 2 s\nSo?\n');
    expect(await bob.until('I\n')).not.toContain('secret');
  });
});

describe('the classic dialect', () => {
  it('takes raw multi-line text without a last newline, and sends plain text', async () => {
    const { ports, journal, event } = await startRelay();
    const old = await RawClient.connect(ports.a);
    old.send('/iam: Dr. Ada Quill (en) [f].llama3.2');
    const young = await RawClient.greet(ports.b, { name: 'Bob' });
    expect(await old.until('/start\n')).toBe('/start\n');
    old.send('Good morning.\n\nHow are');
    old.send(' you?');
    await young.until('\n');
    expect(await young.until('\n')).toBe('Good morning.\\n\\nHow are you?\n');
    young.send('Fine.\\nAnd you?\n');
    expect(await old.until('you?\n')).toBe('Fine.\nAnd you?\n');
    old.send('So long\n/bye\n');
    expect(await young.until('/bye\n')).toBe('So long\n/bye\n');
    young.send('/end\n');
    expect(await old.closed()).toBe('/stop: end\n');
    const { meeting } = await event('paired');
    expect(meeting).toMatch(/^\d{8}-\d{4}-dr-ada-quill-bob-[0-9a-z]{4}$/);
    expect(journal(meeting)[0]).toMatchObject({
      seats: { a: { name: 'Dr. Ada Quill', model: 'llama3.2', gender: 'f' } },
    });
  });

  it('keeps a character whole that arrives in two parts with a pause between', async () => {
    const { ports } = await startRelay();
    const old = await RawClient.connect(ports.a);
    old.send('/iam: Old\n');
    const young = await RawClient.greet(ports.b, { name: 'Bob' });
    await old.until('/start\n');
    const bytes = Buffer.from('Grüße 🙂');
    old.send(bytes.subarray(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 80));
    old.send(bytes.subarray(3));
    await young.until('\n');
    expect(await young.until('\n')).toBe('Grüße 🙂\n');
  });

  it('delivers last words that have no newline when the agent closes behind them', async () => {
    const { ports, event } = await startRelay({ classicIdleMs: 5_000 });
    const old = await RawClient.connect(ports.a);
    old.send('/iam: Old\n');
    const young = await RawClient.greet(ports.b, { name: 'Bob' });
    await old.until('/start\n');
    old.socket.end('My last words');
    expect(await young.closed()).toMatch(/My last words\n\/stop: agent-lost\n$/);
    expect(await event('stopped')).toMatchObject({ turns: 1, reason: 'agent-lost' });
  });

  it('is refused when a message ends inside a character that never comes whole', async () => {
    const { ports } = await startRelay({ classicIdleMs: 10 });
    const old = await RawClient.connect(ports.a);
    old.send('/iam: Old\n');
    await RawClient.greet(ports.b, { name: 'Bob' });
    await old.until('/start\n');
    old.send(Buffer.from([0x68, 0x69, 0xc3]));
    expect(await old.closed()).toContain('"code":"not-utf8"');
  });

  it('takes every line for a message when it is told to', async () => {
    const { ports } = await startRelay({ classicIdleMs: 0 });
    const old = await RawClient.connect(ports.a);
    old.send('/iam: Old\n');
    const young = await RawClient.greet(ports.b, { name: 'Bob' });
    await old.until('/start\n');
    old.send('one\ntwo\n');
    expect(await young.until('two\n')).toMatch(/\none\ntwo\n$/);
  });

  it('holds a meeting of two classic agents, as nc would', async () => {
    const { ports } = await startRelay();
    const [left, right] = [await RawClient.connect(ports.a), await RawClient.connect(ports.b)];
    left.send('/iam: Left\n');
    right.send('/iam: Right\n');
    await left.until('/start\n');
    left.send('Hello\n');
    await right.until('Hello\n');
    right.send('Bye then /bye\n');
    await left.until('Bye then\n/bye\n');
    left.send('Bye /end\n');
    expect(await right.closed()).toBe('Bye\n/stop: end\n');
  });
});

describe('pairing', () => {
  it('holds many meetings at once, by name and by order, and mixes nothing up', async () => {
    const { ports, relay } = await startRelay();
    const named = await RawClient.greet(ports.a, { name: 'N', meeting: 'mine' });
    const first = await RawClient.greet(ports.a, { name: 'First' });
    const other = await RawClient.greet(ports.b, { name: 'Other' });
    const namesake = await RawClient.greet(ports.b, { name: 'M', meeting: 'mine' });
    await Promise.all([named.until('/start\n'), first.until('/start\n')]);
    expect(relay.meetings).toBe(2);
    named.send('for M\n');
    first.send('for Other\n');
    expect(await namesake.until('for M\n')).not.toContain('Other');
    expect(await other.until('for Other\n')).not.toContain('for M');
  });

  it('gives a meeting that was held before a new name', async () => {
    const { ports, journal } = await startRelay();
    for (const name of ['m1', 'm1-2']) {
      const ada = await RawClient.greet(ports.a, a);
      await RawClient.greet(ports.b, b);
      expect(await ada.until('/start\n')).toContain(`"meeting":"${name}"`);
      ada.send('/end\n');
      await ada.closed();
      expect(journal(name).at(-1)).toMatchObject({ type: 'stop', reason: 'end' });
    }
  });

  it('lets somebody wait, speak too early, and leave', async () => {
    const { ports } = await startRelay();
    const gone = await RawClient.greet(ports.a, { name: 'Gone' });
    gone.socket.end();
    await gone.closed();
    const early = await RawClient.greet(ports.a, { name: 'Early' });
    early.send('Anybody there?\n');
    const late = await RawClient.greet(ports.b, { name: 'Late' });
    expect(await late.until('there?\n')).toMatch(/"partner":"Early".*\nAnybody there\?\n$/);
  });
});

describe('a rate limit', () => {
  it('delays, tells the viewers, and drops nothing', async () => {
    const rate = { messagesPerMinute: 600, charactersPerMinute: 0, providers: {} };
    const { ports, event } = await startRelay({ rate });
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    const started = performance.now();
    ada.send('1\n2\n3\n4\n');
    expect(await bob.until('4\n')).toMatch(/\n1\n2\n3\n4\n$/);
    expect(performance.now() - started).toBeGreaterThan(280);
    expect(await event('status')).toMatchObject({
      seat: 'a',
      text: expect.stringContaining('rate limit') as string,
    });
  });

  it('of a provider holds across all its meetings', async () => {
    const slow = { messagesPerMinute: 600, charactersPerMinute: 0 };
    const rate = { messagesPerMinute: 0, charactersPerMinute: 0, providers: { p: slow } };
    const { ports } = await startRelay({ rate });
    const pairs = await Promise.all(
      ['x', 'y', 'z'].map(async (meeting) => ({
        ada: await RawClient.greet(ports.a, { name: 'A', meeting }),
        bob: await RawClient.greet(ports.b, { name: 'B', meeting, provider: 'p' }),
      })),
    );
    // Those of the provider are told to begin one after the other, too; here it is always the other seat.
    await Promise.all(pairs.map(({ ada }) => ada.until('/start\n')));
    const started = performance.now();
    for (const { ada } of pairs) ada.send('now\n');
    await Promise.all(pairs.map(({ bob }) => bob.until('now\n')));
    expect(performance.now() - started).toBeGreaterThan(180);
  });
});

describe('a rate limit of the provider that starts', () => {
  it('holds for the first words of every meeting', async () => {
    const slow = { messagesPerMinute: 600, charactersPerMinute: 0 };
    const { ports } = await startRelay({
      rate: { messagesPerMinute: 0, charactersPerMinute: 0, providers: { p: slow } },
    });
    const started = performance.now();
    await Promise.all(
      ['x', 'y', 'z'].map(async (meeting) => {
        const ada = await RawClient.greet(ports.a, { name: 'A', meeting, provider: 'p' });
        await RawClient.greet(ports.b, { name: 'B', meeting });
        await ada.until('/start\n');
      }),
    );
    expect(performance.now() - started).toBeGreaterThan(180);
  });
});

describe('many goodbyes', () => {
  it('each take their time, and nobody new sits down meanwhile', async () => {
    const { relay, ports } = await startRelay();
    const pairs = await Promise.all(
      ['m1', 'm2'].map(async (meeting) => {
        const ada = await RawClient.greet(ports.a, { name: 'A', meeting });
        const bob = await RawClient.greet(ports.b, { name: 'B', meeting });
        await ada.until('/start\n');
        return { ada, bob };
      }),
    );
    relay.sayGoodbye();
    for (const { ada, bob } of pairs) {
      ada.send('my last\n');
      await bob.until('/bye\n');
      bob.send('and mine /end\n');
      expect(await ada.closed()).toBe('and mine\n/stop: end\n');
    }
    const late = await RawClient.greet(ports.a, { name: 'Late' });
    expect(await late.closed()).toContain('"code":"shutting-down"');
  });
});

describe('shutting down', () => {
  it('ends every meeting with one stop reason and turns the waiting away', async () => {
    const { relay, ports, journal } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    const waiting = await RawClient.greet(ports.a, { name: 'Waiting' });
    await bob.until('\n');
    await relay.close();
    expect(await ada.closed()).toBe('/stop: stopped\n');
    expect(await waiting.closed()).toContain('"code":"shutting-down"');
    expect(journal('m1').at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
  });

  it('says goodbye first when asked politely: one more turn each', async () => {
    const { relay, ports } = await startRelay();
    const ada = await RawClient.greet(ports.a, a);
    const bob = await RawClient.greet(ports.b, b);
    await ada.until('/start\n');
    relay.sayGoodbye();
    ada.send('What I was about to say.\n');
    expect(await bob.until('/bye\n')).toMatch(/What I was about to say\.\n\/bye\n$/);
    bob.send('Then farewell. /end\n');
    expect(await ada.closed()).toBe('Then farewell.\n/stop: end\n');
  });
});
