import { describe, expect, it } from 'vitest';
import { play } from '../../agents/player.ts';
import { describeProof, endOf, firstDifference, partOf } from '../../cli/replay.ts';
import type { MeetingEvent } from '../../journal/event.ts';
import { readRecord, type MeetingRecord } from '../../journal/record-of.ts';
import { seats } from '../../wire/types.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { startRelay } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Writes a meeting down, and plays it back through a relay. */
async function replay(
  events: readonly MeetingEvent[],
  speed = Infinity,
): Promise<{ before: MeetingRecord; after: MeetingRecord }> {
  const journal = toLines(stamp([meetingEvent(), ...events]));
  const before = await readRecord(await writeMeeting(await temporaryFolder(), 'before', journal));
  const { start, stop, messages } = before;
  const isOver = endOf(before);
  const { relay, ports, seen, event, transcripts } = await startRelay({
    hello: start?.hello ?? '/start',
    first: start?.seat ?? 'a',
    maxMessages: stop?.reason === 'max-messages' ? messages.length : 0,
  });
  const { signal } = new AbortController();
  const ended = seats.map((seat) =>
    play({
      proxy: { host: '127.0.0.1', port: ports[seat] },
      greeting: { name: seat, meeting: 'after' },
      part: partOf(before, seat, speed),
      signal,
    }),
  );
  let looked = 0;
  const watch = setInterval(() => {
    for (const one of seen.slice(looked)) if (isOver(one)) void relay.close();
    looked = seen.length;
  }, 5);
  await Promise.all(ended);
  clearInterval(watch);
  const { folder = transcripts } = await event('stopped');
  await relay.finish();
  return { before, after: await readRecord(folder) };
}

describe('a meeting that is played back', () => {
  it.each<[string, MeetingEvent[], string]>([
    [
      'notes, lost and returned seats, control words alone, an empty reply and an open code fence',
      [
        { type: 'start', seat: 'b', hello: 'Who are you?' },
        { type: 'note', seat: 'a', text: 'Be brief.' },
        { type: 'turn', seat: 'b', turn: 1, text: '' },
        { type: 'control', seat: 'a', verb: 'help' },
        { type: 'lost', seat: 'b', detail: 'closed the connection', partial: 'I am' },
        { type: 'returned', seat: 'b' },
        {
          type: 'turn',
          seat: 'b',
          turn: 2,
          text: '/help\r\nis a \\n word\u2028, not a line',
          control: 'help',
        },
        { type: 'turn', seat: 'a', turn: 3, text: '```\nnever closed', control: 'bye' },
        { type: 'turn', seat: 'b', turn: 4, text: 'Farewell.', control: 'end' },
        { type: 'stop', reason: 'end' },
      ],
      '4 turns and 1 control word, word for word and in the same order, and the same end (end). Not played back: 1 × note, 1 × lost, 1 × returned.',
    ],
    [
      'two of one seat in a row, and an agent that was lost',
      [
        { type: 'start', seat: 'a', hello: '/start' },
        turnEvent(1, 'One.'),
        { ...turnEvent(3, 'Two.'), turn: 2 },
        { ...turnEvent(2, 'Three.'), turn: 3 },
        { type: 'lost', seat: 'b', detail: 'left: gives up' },
        { type: 'stop', reason: 'agent-lost', detail: 'Bert (seat b) left' },
      ],
      'the same end (agent-lost). Not played back: 1 × lost.',
    ],
    [
      'a goodbye that nobody answered',
      [
        { type: 'start', seat: 'a', hello: '/start' },
        turnEvent(1, 'One.'),
        { type: 'control', seat: 'b', verb: 'bye' },
        { type: 'stop', reason: 'end', detail: 'Ada (seat a) did not answer the goodbye' },
      ],
      'and the same end (end)',
    ],
    [
      'an end that came from outside',
      [
        { type: 'start', seat: 'a', hello: '/start' },
        turnEvent(1, 'One.'),
        turnEvent(2, 'Two.'),
        { type: 'stop', reason: 'max-seconds', detail: '3 s' },
      ],
      'it was ended then by max-seconds, to which its words alone do not lead',
    ],
    [
      'no end at all',
      [{ type: 'start', seat: 'a', hello: '/start' }, turnEvent(1, 'One.')],
      '1 turn, word for word and in the same order; it had no end then',
    ],
  ])('is the same with %s', async (_, events, sentence) => {
    const { before, after } = await replay(events);
    expect(firstDifference(before, after, false)).toBeUndefined();
    expect(describeProof(before, false)).toContain(sentence);
  });

  it('takes its time from the journal, as many times faster as it is told', async () => {
    // A second apart, each event from the one before.
    const notes = Array.from({ length: 10 }, () => ({ type: 'status', seat: 'b', text: 'Hm.' }) as const);
    const turns = [1, 2, 3].flatMap((turn) => [...notes, turnEvent(turn, `Turn ${turn}.`)]);
    const { after } = await replay([{ type: 'start', seat: 'a', hello: '/start' }, ...turns], 20);
    const [first, , third] = after.messages;
    const tookMs = (third?.atMs ?? 0) - (first?.atMs ?? 0);
    // 22 s, in 1.1; a busy machine may be late at either end.
    expect(tookMs).toBeGreaterThan(100);
    expect(tookMs).toBeLessThan(10_000);
  });

  it('is not the same where the relay would not have let it happen', async () => {
    // A goodbye that was answered, and still one more turn.
    const { before, after } = await replay([
      { type: 'start', seat: 'a', hello: '/start' },
      { ...turnEvent(1, 'I must go.'), control: 'bye' },
      turnEvent(2, 'Farewell.'),
      turnEvent(3, 'One more thing.'),
      { type: 'stop', reason: 'end' },
    ]);
    expect(firstDifference(before, after, false)).toBe(
      'turn 3 was not said again: it ended before, with end',
    );
  });

  it('is compared word by word, seat by seat and end by end', async () => {
    const { before } = await replay([
      { type: 'start', seat: 'a', hello: '/start' },
      turnEvent(1, 'One.'),
      { ...turnEvent(2, 'Two.'), control: 'end' },
      { type: 'stop', reason: 'end' },
    ]);
    const change = (index: number, change: object): MeetingRecord => ({
      ...before,
      messages: before.messages.map((message, at) => (at === index ? { ...message, ...change } : message)),
    });
    const differs = (after: MeetingRecord): string | undefined => firstDifference(before, after, false);
    expect(differs(before)).toBeUndefined();
    expect(differs(change(0, { text: 'One!' }))).toBe('turn 1 has other words');
    expect(differs(change(0, { seat: 'b' }))).toBe('turn 1 was said by seat a, and now by seat b');
    expect(differs(change(1, { control: 'bye' }))).toBe('turn 2 had /end, and now /bye');
    const stop = { ...before.stop, reason: 'stopped' } as NonNullable<MeetingRecord['stop']>;
    expect(differs({ ...before, stop })).toBe('it ended then with end, and now with stopped');
  });
});
