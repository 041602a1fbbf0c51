import { expect, it } from 'vitest';
import { seededRandom } from '../../agents/random.ts';
import { messageOf } from '../../wire/errors.ts';
import { RawClient, startRelay } from '../support/relay.ts';

/** What one seat sends: numbered messages of many lengths, and now and then a notice of the last of them. */
function speechOf(name: string, count: number, roll: () => number): { texts: string[]; lines: string } {
  const texts: string[] = [];
  let lines = '';
  for (let number = 1; number <= count; number++) {
    const length = roll() < 0.004 ? 40_000 * roll() : 200 * roll();
    const text = `${name} ${number} "${'ä\\b/c '.repeat(length / 6)}"`;
    texts.push(text);
    lines += `${text.replaceAll('\\', '\\\\')}\n`;
    if (roll() < 0.004) lines += `/status: ${name} ${number} is said\n`;
    if (roll() < 0.004) lines += `/delta: ${name} ${number + 1}\n`;
  }
  return { texts, lines };
}

/** Sends it in pieces that end anywhere, as networks do. */
async function speak(client: RawClient, lines: string, roll: () => number): Promise<void> {
  const bytes = Buffer.from(lines);
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.ceil(roll() < 0.5 ? 300 * roll() : 20_000 * roll());
    client.send(bytes.subarray(at, end));
    at = end;
    if (roll() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
}

it('whatever comes, in whatever pieces, is journaled and passed on in order, between all that comes with it', async () => {
  const { ports, journal } = await startRelay({}, undefined, { isWatched: false });
  const count = 800;
  const meet = async (seed: number): Promise<void> => {
    const roll = seededRandom(seed);
    const meeting = `m${seed}`;
    const greeting = { lang: 'en', meeting, features: ['delta'] };
    const clients = {
      a: await RawClient.greet(ports.a, { name: 'A', ...greeting }),
      b: await RawClient.greet(ports.b, { name: 'B', ...greeting }),
    };
    await clients.a.until('/start\n');
    await clients.b.until(/\/welcome.*\n/);
    const said = { a: speechOf('a', count, roll), b: speechOf('b', count, roll) };
    await Promise.all([speak(clients.a, said.a.lines, roll), speak(clients.b, said.b.lines, roll)]);
    const heard = {
      a: (await clients.a.until(`b ${count} `)) + (await clients.a.until('\n')),
      b: (await clients.b.until(`a ${count} `)) + (await clients.b.until('\n')),
    };
    for (const [seat, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const lines = heard[seat].split('\n').slice(0, -1);
      const texts = lines.filter((line) => !line.startsWith('/') && line.includes('"'));
      expect(texts.map((line) => line.replaceAll('\\\\', '\\'))).toEqual(said[other].texts);
      // A notice follows the message behind which it was sent, and comes before the next one.
      let last = 0;
      for (const line of lines) {
        const number = Number(/^(?:\/status: )?[ab] (\d+) /.exec(line)?.[1] ?? last);
        if (line.startsWith('/status: ') && line.endsWith('is said')) expect(number).toBe(last);
        if (!line.startsWith('/')) last = number;
      }
    }
    clients.a.send('/leave\n');
    clients.a.socket.destroy();
    await clients.b.closed();
    const events = journal(meeting);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    const turns = events.filter((event) => event.type === 'turn');
    expect(turns.map(({ turn }) => turn)).toEqual(turns.map((_, at) => at + 1));
    for (const seat of ['a', 'b'] as const) {
      expect(turns.filter((turn) => turn.seat === seat).map(({ text }) => text)).toEqual(said[seat].texts);
    }
  };
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_, seed) => meet(seed + 1).catch((error: unknown) => messageOf(error))),
  );
  expect(outcomes).toEqual(Array.from({ length: 12 }, () => undefined));
});
