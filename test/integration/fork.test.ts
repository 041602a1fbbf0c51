import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from '../../journal/event.ts';
import { readPast } from '../../proxy/past.ts';
import type { RelaySettings } from '../../proxy/relay-settings.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { blockEvent, resultEvent } from '../support/execution.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';

const start: MeetingEvent = { type: 'start', seat: 'a', hello: '/start' };
const turns = (count: number): MeetingEvent[] =>
  Array.from({ length: count }, (_, index) => turnEvent(index + 1, `Turn ${index + 1}.`));

async function writeParent(events: readonly MeetingEvent[]): Promise<string> {
  return writeMeeting(await temporaryFolder(), 'parent', toLines(stamp([meetingEvent(), ...events])));
}

/** A relay that forks, and its two agents. */
async function fork(
  events: readonly MeetingEvent[],
  at: number,
  changes: Partial<RelaySettings> = {},
): Promise<{ test: TestRelay; a: RawClient; b: RawClient }> {
  const past = await readPast(await writeParent(events), at);
  const test = await startRelay({ fork: { meeting: 'fork', past }, ...changes });
  const greet = (seat: 'a' | 'b'): Promise<RawClient> =>
    RawClient.greet(test.ports[seat], {
      name: `New ${seat}`,
      meeting: 'fork',
      features: ['history', 'note'],
    });
  return { test, a: await greet('a'), b: await greet('b') };
}

describe('a fork', () => {
  it('tells both what was said, and asks the one whose turn it is', async () => {
    const { test, a, b } = await fork(turns(4).toSpliced(0, 0, start), 3);
    expect(await a.until('/history: ')).toContain('"turn":3');
    expect(JSON.parse((await a.until('\n')).trim())).toEqual(
      [1, 2, 3].map((turn) => ({ turn, seat: turn === 2 ? 'b' : 'a', text: `Turn ${turn}.` })),
    );
    await b.until('/history: ');
    expect(JSON.parse((await b.until('\n')).trim())).toHaveLength(2);
    await b.until('Turn 3.\n');
    b.send('Another turn 4.\n');
    await a.until('Another turn 4.\n');
    a.send('And a fifth. /end\n');
    await b.until('/stop: end');
    await test.relay.finish();
    const events = test.journal('fork');
    expect(events[0]).toMatchObject({
      parent: { meeting: 'parent', turn: 3, names: { a: 'Ada', b: 'Bert' } },
      seats: { a: { name: 'New a' } },
    });
    expect(events.filter(({ type }) => type === 'turn')).toMatchObject([
      { turn: 1, inherited: true },
      { turn: 2, inherited: true },
      { turn: 3, inherited: true },
      { turn: 4, seat: 'b', text: 'Another turn 4.' },
      { turn: 5, seat: 'a', text: 'And a fifth.', control: 'end' },
    ]);
  });

  it('may have as many messages as any meeting, beside those taken over', async () => {
    const { a, b } = await fork([start, ...turns(4)], 4, { maxMessages: 2 });
    await a.until('Turn 4.\n');
    a.send('Five.\n');
    await b.until('Five.\n');
    b.send('Six.\n');
    expect(await a.until('/stop: max-messages')).toContain('Six.');
  });

  it('outlives its proxy: who comes back numbers only what was said here', async () => {
    const { test, a, b } = await fork([start, ...turns(2)], 2);
    const welcome = JSON.parse((await a.until(/\/welcome: .*\n/)).slice('/welcome: '.length)) as {
      secret: string;
      said: number;
      turn: number;
    };
    expect(welcome).toMatchObject({ said: 0, turn: 2 });
    await a.until('Turn 2.\n');
    a.send('Three.\n');
    await b.until('Three.\n');
    a.socket.destroy();
    await test.relay.shutDown(0, true);
    const next = await startRelay({ transcripts: test.transcripts });
    const back = { name: 'New a', meeting: 'fork', secret: welcome.secret, features: ['history'] };
    const again = await RawClient.greet(next.ports.a, back);
    expect(await again.until(/\/welcome: .*\n/)).toContain('"turn":3,');
    expect(await again.until(/\/history: .*\n/)).toContain('"text":"Three."');
  });

  it('asks for the answer to a goodbye, and is over with it', async () => {
    const { a, b } = await fork([start, { ...turnEvent(1, 'I must go.'), control: 'bye' }], 1);
    await b.until('I must go.\n/bye\n');
    b.send('Farewell.\n');
    expect(await a.until('/stop: end')).toContain('Farewell.');
  });

  it('has the results of code that was run in its parent, and counts none of them', async () => {
    const note: MeetingEvent = { type: 'note', seat: 'a', text: 'Code block 1: ok\n4' };
    const events = [
      start,
      turnEvent(1, 'RUN-CODE\n2+2'),
      blockEvent('2+2'),
      resultEvent(),
      note,
      turnEvent(2, 'Four.'),
    ];
    const past = await readPast(await writeParent(events), 1);
    expect(past.events.map(({ type }) => type)).toEqual(['start', 'turn', 'block', 'result', 'note']);
    expect(past.memory).toMatchObject({ turns: 1, passedTests: 0, said: { a: 0, b: 0 } });
  });

  it('is refused where nobody would be asked, or a turn is not there', async () => {
    const ended = await writeParent([
      start,
      turnEvent(1, 'One.'),
      { ...turnEvent(2, 'Two.'), control: 'end' },
    ]);
    await expect(readPast(ended, 2)).rejects.toThrow(
      'the meeting was over with turn 2: fork it before, --at 1 or less',
    );
    await expect(readPast(ended, 3)).rejects.toThrow('parent has 2 turns: --at must be from 0 to 2');
    await expect(readPast(ended, 1)).resolves.toMatchObject({ memory: { turns: 1 } });
    const gap = await writeParent([start, turnEvent(2, 'Two.')]);
    await expect(readPast(gap, 2)).rejects.toThrow('turn 1 of parent cannot be read');
  });
});
