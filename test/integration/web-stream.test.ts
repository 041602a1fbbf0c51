import net from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';
import { EventReader, post, startWeb } from '../support/web.ts';

interface Watched extends TestRelay {
  readonly a: RawClient;
  readonly b: RawClient;
  readonly port: number;
  readonly read: (headers?: Record<string, string>) => EventReader;
}

/** Two who talk, nobody but the page watching. */
async function meet(features: readonly string[] = []): Promise<Watched> {
  const relay = await startRelay({}, undefined, { isWatched: false });
  const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features });
  const b = await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features });
  await a.until('/start\n');
  await b.until(/\/welcome: .*\n/);
  const { port } = await startWeb(relay.transcripts);
  const read = (headers: Record<string, string> = {}): EventReader =>
    new EventReader(port, '/api/meetings/m/events', headers);
  return { ...relay, a, b, port, read };
}

const isTurn = (turn: number) => (event: { event: string; data: Record<string, unknown> }) =>
  event.event === 'journal' && event.data['type'] === 'turn' && event.data['turn'] === turn;

/** The proxy answers: from now on what is not journaled comes too. */
const isControlled = ({ event, data }: { event: string; data: Record<string, unknown> }) =>
  event === 'state' && data['control'] !== undefined;

describe('a viewer', () => {
  test('is told all from the beginning, and what comes as it comes', async () => {
    const { a, b, read, relay } = await meet();
    a.send('One.\n');
    await b.until('One.\n');
    const reader = read();
    expect(await reader.until(isTurn(1))).toMatchObject({ data: { text: 'One.' } });
    b.send('Two.\n');
    await reader.until(isTurn(2));
    expect(reader.events[0]).toMatchObject({ event: 'state', data: { state: 'running' } });
    await relay.close();
    await reader.over();
    const last = reader.events.at(-1);
    expect(last).toMatchObject({ event: 'state', data: { state: 'ended' } });
    expect(reader.ids).toEqual(reader.ids.map((_, at) => at + 1));
  });

  test('goes on behind the event it saw last, and is sent away for good when there is no more', async () => {
    const { a, b, read, relay } = await meet();
    const first = read();
    for (const [turn, speaker] of [a, b, a, b].entries()) {
      speaker.send(`Turn ${turn + 1}.\n`);
      await first.until(isTurn(turn + 1));
    }
    const { id = '' } = await first.until(isTurn(2));
    const second = read({ 'last-event-id': id });
    await second.until(isTurn(4));
    expect(second.ids[0]).toBe(Number(id) + 1);
    expect(second.events.some(isTurn(2))).toBe(false);
    await relay.close();
    await second.over();
    const third = read({ 'last-event-id': String(second.ids.at(-1)) });
    await third.over();
    expect([third.status, third.events]).toEqual([204, []]);
  });

  test('sees a turn being written, from its beginning even if it comes late, and never behind the turn itself', async () => {
    const { a, b, read } = await meet(['delta']);
    const early = read();
    await early.until(isControlled);
    a.send('/delta: Once upon\n');
    await b.until('/delta: Once upon\n');
    a.send('/delta:  a time\n');
    const written = (reader: EventReader): string =>
      reader.events
        .filter(({ event, data }) => event === 'live' && data['type'] === 'delta' && data['seat'] === 'a')
        .map(({ data }) => String(data['text']))
        .join('');
    await early.until(() => written(early) === 'Once upon a time');
    const late = read();
    await late.until(() => written(late) === 'Once upon a time');
    a.send('Once upon a time there was a horse.\n');
    b.send('/delta: Was there\n');
    await late.until(({ data }) => data['text'] === 'Was there');
    const order = late.events.filter(({ data }) => ['delta', 'turn'].includes(String(data['type'])));
    expect(order.map(({ data }) => [data['type'], data['seat']])).toEqual([
      ['delta', 'a'],
      ['turn', 'a'],
      ['delta', 'b'],
    ]);
  });

  test('who comes first while a turn is being written sees what nobody watched', async () => {
    const { a, b, read } = await meet(['delta']);
    a.send('/delta: Nobody saw this\n');
    await b.until('saw this\n');
    const reader = read();
    expect(await reader.until(({ event }) => event === 'live')).toMatchObject({
      data: { type: 'delta', seat: 'a', text: 'Nobody saw this' },
    });
  });

  test('who comes while both write sees all of both, though one of them has said another turn meanwhile', async () => {
    const { a, b, read } = await meet(['delta']);
    a.send('/delta: Long ago,\n');
    await b.until('Long ago,\n');
    b.send('/delta: I interrupt\n');
    b.send('I interrupt.\n');
    await a.until('I interrupt.\n');
    a.send('/delta:  there was\n');
    await b.until('there was\n');
    b.send('/delta: And again\n');
    await a.until('And again\n');
    // The first asks the proxy; the second is told by the server of the page, which was told since.
    const early = [read(), read()];
    for (const reader of early) {
      await reader.until(({ data }) => data['text'] === 'And again');
      const live = reader.events.filter(({ event }) => event === 'live');
      expect(live.map(({ data }) => [data['seat'], data['text']])).toEqual([
        ['a', 'Long ago, there was'],
        ['b', 'And again'],
      ]);
    }
    a.send('Long ago, there was a horse.\n');
    // Until the page's server has seen the turn in the journal, its draft is what there is.
    for (const reader of early)
      await reader.until(({ data }) => data['text'] === 'Long ago, there was a horse.');
    const reader = read();
    await reader.until(({ data }) => data['type'] === 'delta');
    expect(reader.events.filter(({ data }) => data['seat'] === 'a' && data['type'] === 'delta')).toEqual([]);
  });

  test('hears of a pause, and of what a moderator may do', async () => {
    const { read, port } = await meet();
    const reader = read();
    await reader.until(isControlled);
    expect((await post(port, '/api/meetings/m/control', { action: 'pause' })).status).toBe(200);
    const paused = await reader.until(({ event, data }) => event === 'state' && data['state'] === 'paused');
    expect(paused).toBeDefined();
    await reader.until(
      ({ event, data }) =>
        event === 'state' && (data['control'] as { isPaused?: boolean } | undefined)?.isPaused === true,
    );
    const again = await post(port, '/api/meetings/m/control', { action: 'approve', id: 1, verdict: 'yes' });
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'refused' } } });
  });

  test('of the list is told of a meeting that begins, turns and ends', async () => {
    const relay = await startRelay({}, undefined, { isWatched: false });
    const { port } = await startWeb(relay.transcripts);
    const reader = new EventReader(port, '/api/now');
    await reader.until(({ event }) => event === 'rows');
    const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features: [] });
    await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features: [] });
    await a.until('/start\n');
    const rowsOf = (data: unknown) => data as { meeting: string; turns: number; state: string }[];
    await reader.until(({ data }) => rowsOf(data)[0]?.state === 'running');
    a.send('One.\n');
    await reader.until(({ data }) => rowsOf(data)[0]?.turns === 1);
    const before = reader.events.length;
    await relay.relay.close();
    await reader.until((event) => reader.events.indexOf(event) >= before && rowsOf(event.data).length === 0);
  });
});

describe('a viewer who takes nothing', () => {
  test('keeps neither the meeting nor other viewers waiting, and misses nothing once it reads', async () => {
    const { a, b, read, port } = await meet(['delta']);
    const stalled = net.connect({ host: '127.0.0.1', port });
    onTestFinished(() => void stalled.destroy());
    await once(stalled, 'connect');
    stalled.pause();
    stalled.write('GET /api/meetings/m/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const reader = read();
    await reader.until(isControlled);
    const turns = 400;
    const words = 'word '.repeat(4_000);
    for (let turn = 1; turn <= turns; turn++) {
      const [from, to] = turn % 2 === 1 ? [a, b] : [b, a];
      from.send(`/delta: ${words}\n${turn} ${words}\n`);
      // Eight megabytes go by while it takes nothing.
      await to.until(`\n${turn} ${words}\n`.slice(turn === 1 ? 1 : 0));
    }
    await reader.until(isTurn(turns));
    expect(reader.ids).toEqual(reader.ids.map((_, at) => at + 1));
    let text = '';
    const all = new Promise<void>((resolve) => {
      stalled.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.includes(`"turn":${turns},`)) resolve();
      });
    });
    stalled.resume();
    await all;
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids).toEqual(ids.map((_, at) => at + 1));
    // What was written meanwhile was not kept for it.
    const deltas = [...text.matchAll(/^data: {"type":"delta"/gm)].length;
    expect(deltas).toBeLessThan(turns / 2);
  });
});
