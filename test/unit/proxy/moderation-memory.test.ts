import { describe, expect, test } from 'vitest';
import type { MeetingEvent } from '../../../journal/event.ts';
import { MemoryBuilder, type Memory } from '../../../proxy/memory.ts';
import { SeatView } from '../../../proxy/seat-view.ts';
import { meetingEvent, stamp, turnEvent } from '../../support/journal.ts';

type Deed = Extract<MeetingEvent, { type: 'moderator' }>;
const did = (action: Deed['action'], more: Partial<Deed> = {}): MeetingEvent => ({
  type: 'moderator',
  action,
  ...more,
});

function memoryOf(...events: readonly MeetingEvent[]): Memory {
  const builder = new MemoryBuilder();
  for (const event of stamp([meetingEvent(), ...events])) builder.add(event);
  if (!builder.memory) throw new Error('there is nothing to go on with');
  return builder.memory;
}

function viewOf(seat: 'a' | 'b', ...events: readonly MeetingEvent[]): SeatView {
  const view = new SeatView(seat);
  for (const event of stamp([meetingEvent(), ...events])) view.add(event);
  return view;
}

describe('what a moderator did, read again from the journal', () => {
  test('holds a pause, its messages, and the steps that nobody took', () => {
    const { moderation } = memoryOf(
      turnEvent(1, 'One.'),
      did('pause'),
      turnEvent(2, 'Two.'),
      did('held', { seat: 'b', turn: 2 }),
      turnEvent(3, 'Three.'),
      did('held', { seat: 'a', turn: 3 }),
      did('step'),
      did('released', { seat: 'b', turn: 2 }),
    );
    expect(moderation).toMatchObject({ isPaused: true, steps: 0 });
    expect(moderation.held).toMatchObject([{ seat: 'a', turn: 3, text: 'Three.', isNoted: true }]);
    expect(memoryOf(did('pause'), did('step')).moderation).toMatchObject({ steps: 1, held: [] });
  });

  test('takes a message for held that came in a pause, where the journal ends right behind it', () => {
    const { moderation } = memoryOf(did('pause'), turnEvent(1, 'One.'));
    expect(moderation.held).toMatchObject([{ turn: 1, text: 'One.', isNoted: false }]);
  });

  test('knows of a message that came before the pause, and had to wait in it', () => {
    const { moderation } = memoryOf(
      turnEvent(1, 'RUN-CODE x'),
      did('pause'),
      did('held', { seat: 'a', turn: 1 }),
    );
    expect(moderation.held).toMatchObject([{ turn: 1, text: 'RUN-CODE x' }]);
  });

  test('adds up the pauses, and changes the limits', () => {
    const memory = memoryOf(
      did('limits', { limits: { maxMessages: 20 } }),
      did('pause'),
      did('resume'),
      did('limits', { limits: { maxSeconds: 60 } }),
      did('pause'),
    );
    expect(memory.settings).toMatchObject({ maxMessages: 20, maxSeconds: 60 });
    // A second apart.
    expect(memory.moderation).toMatchObject({ pausedMs: 1_000, isPaused: true });
    expect(memory.moderation.pausedSinceMs).toBe(memory.startedAtMs + 5_000);
  });

  test('counts what was withheld as said by the agent, and what a person said in its place as not', () => {
    const memory = memoryOf(
      did('take', { seat: 'a' }),
      { ...turnEvent(1, 'Mine.'), by: 'moderator' },
      did('withheld', { seat: 'a', text: 'Late.' }),
      did('withheld', { seat: 'a', text: 'Later.' }),
    );
    expect(memory.said).toEqual({ a: 2, b: 0 });
    expect(memory.moderation.taken).toEqual(['a']);
  });
});

describe('the view of a seat', () => {
  test('has nothing of what waits, and gets it under the number by which it was let through', () => {
    const events = [did('pause'), turnEvent(1, 'One.'), did('held', { seat: 'a', turn: 1 })];
    expect(viewOf('b', ...events).told(undefined, 99)).toEqual([]);
    const released = viewOf(
      'b',
      ...events,
      did('say', { text: 'Hm.' }),
      did('released', { seat: 'a', turn: 1 }),
    );
    expect(released.told(undefined, 99)).toMatchObject([
      { type: 'note', seq: 5, text: 'The moderator says to you both: Hm.' },
      { type: 'text', seq: 6, text: 'One.' },
    ]);
  });

  test('of a seat that was taken over has the words of the person as its own, and is not known to who was away', () => {
    const view = viewOf(
      'b',
      turnEvent(1, 'One.'),
      did('take', { seat: 'b' }),
      { ...turnEvent(2, 'Mine.'), by: 'moderator' },
      turnEvent(3, 'Three.'),
      did('give', { seat: 'b' }),
    );
    expect(view.history()).toEqual([
      { turn: 1, seat: 'a', text: 'One.' },
      { turn: 2, seat: 'b', text: 'Mine.' },
    ]);
    expect(view.told(undefined, 99)).toMatchObject([{ type: 'text', seq: 6, text: 'Three.' }]);
    expect([view.isKnownTo(5), view.isKnownTo(6), view.isKnownTo(undefined)]).toEqual([false, true, false]);
    expect(view.meanwhile).toEqual([{ turn: 2, seat: 'b', text: 'Mine.' }]);
  });
});
