import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { alternate, seatStory } from '../../../../journal/export/seat-story.ts';
import type { Seat } from '../../../../wire/types.ts';
import { meetingEvent, stamp, turnEvent } from '../../../support/journal.ts';

function view(seat: Seat, ...events: MeetingEvent[]): string[] {
  return alternate(seatStory(stamp([meetingEvent(), ...events]), seat)).map(
    ({ role, content }) => `${role === 'user' ? '<' : '>'} ${content}`,
  );
}

const say = (seat: Seat, turn: number, text: string): Extract<MeetingEvent, { type: 'turn' }> => ({
  ...turnEvent(turn, text),
  seat,
});

describe('a meeting from one side', () => {
  it('begins with the word to begin for who began, and ends with its own last words', () => {
    const events = [
      { type: 'start', seat: 'a', hello: '/start' } as const,
      turnEvent(1, 'Hi'),
      turnEvent(2, 'Ho'),
    ];
    expect(view('a', ...events)).toEqual(['< /start', '> Hi']);
    expect(view('b', ...events)).toEqual(['< Hi', '> Ho']);
  });

  it('of a seat that nobody had told to begin begins with that word all the same', () => {
    expect(view('a', turnEvent(1, 'Hi'))).toEqual(['< /start', '> Hi']);
  });

  it('joins two messages in a row by a blank line', () => {
    const events = [say('a', 1, 'One'), say('a', 2, 'Two'), say('b', 3, 'Three'), say('b', 4, 'Four')];
    expect(view('b', ...events)).toEqual(['< One\n\nTwo', '> Three\n\nFour']);
  });

  it('leaves control words out, and not the text beside them', () => {
    const bye = { ...say('a', 3, 'I must go.'), control: 'bye' as const };
    const events: MeetingEvent[] = [turnEvent(1, 'Hi'), turnEvent(2, 'Ho'), bye];
    const end: MeetingEvent = { type: 'control', seat: 'b', verb: 'end' };
    expect(view('a', ...events, end)).toEqual(['< /start', '> Hi', '< Ho', '> I must go.']);
    expect(view('b', ...events, { ...say('b', 4, ''), control: 'end' })).toEqual(['< Hi', '> Ho']);
  });

  it('leaves out its own empty turns, and hears those of the other as silence', () => {
    const nothing = { ...say('b', 2, '…'), meta: { finish: 'empty' } };
    const events = [
      turnEvent(1, 'Hi'),
      nothing,
      say('a', 3, 'Hello?'),
      say('b', 4, 'Yes.'),
      say('a', 5, ' '),
    ];
    expect(view('b', ...events, say('b', 6, 'Well?'))).toEqual([
      '< Hi\n\nHello?',
      '> Yes.',
      '< …',
      '> Well?',
    ]);
  });

  it('has the results of code where each was told them', () => {
    const code = 'RUN-CODE\n```python\n1\n```';
    const note: MeetingEvent = { type: 'note', seat: 'a', text: 'Results of your code:\n\nCode block 1: 1' };
    const events = [say('a', 1, code), note, say('b', 2, 'One, then.'), say('a', 3, 'Yes.')];
    expect(view('b', ...events)).toEqual([`< ${code}\n\nCode block 1: 1`, '> One, then.']);
    expect(view('a', ...events)).toEqual([
      '< /start',
      `> ${code}`,
      '< [note] Results of your code:\n\nCode block 1: 1\n\nOne, then.',
      '> Yes.',
    ]);
  });

  it('has a turn in the words it was told, and the whisper only for who heard it', () => {
    const translation: MeetingEvent = {
      ...{ type: 'translation', seat: 'a', turn: 1, from: 'en', to: 'de', text: 'Guten Tag', ms: 5 },
    };
    const whisper: MeetingEvent = { type: 'moderator', action: 'whisper', seat: 'b', text: 'Be brief.' };
    const events = [
      turnEvent(1, 'Good day'),
      translation,
      whisper,
      turnEvent(2, 'Hallo'),
      turnEvent(3, 'Bye'),
    ];
    expect(view('b', ...events)).toEqual([
      '< Guten Tag\n\n[note] The moderator tells you alone: Be brief.',
      '> Hallo',
    ]);
    expect(view('a', ...events)).toEqual(['< /start', '> Good day', '< Hallo', '> Bye']);
  });

  it('has what was held back where it was let go, and nothing of what never was', () => {
    const held = (turn: number): MeetingEvent => ({ type: 'moderator', action: 'held', seat: 'a', turn });
    const released: MeetingEvent = { type: 'moderator', action: 'released', seat: 'a', turn: 1 };
    const events = [say('a', 1, 'Late'), held(1), say('b', 2, 'Early'), released, say('b', 3, 'Ah')];
    expect(view('b', ...events, say('a', 4, 'Never'), held(4), say('b', 5, 'So?'))).toEqual([
      '< /start',
      '> Early',
      '< Late',
      '> Ah\n\nSo?',
    ]);
  });

  it('alternates from user to assistant whatever happened', () => {
    const event = fc.oneof(
      fc.record({
        type: fc.constant('turn' as const),
        seat: fc.constantFrom('a' as const, 'b' as const),
        text: fc.string(),
      }),
      fc.record({
        type: fc.constant('note' as const),
        seat: fc.constantFrom('a' as const, 'b' as const),
        text: fc.string(),
      }),
      fc.record({
        type: fc.constant('start' as const),
        seat: fc.constantFrom('a' as const, 'b' as const),
        hello: fc.string(),
      }),
    );
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('a' as const, 'b' as const), (events, seat) => {
        const numbered = events.map((each, index) =>
          each.type === 'turn' ? { ...each, turn: index + 1 } : each,
        );
        const roles = alternate(seatStory(stamp(numbered), seat)).map(({ role }) => role);
        expect(roles).toEqual(roles.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')));
        expect(roles.length % 2).toBe(0);
      }),
    );
  });
});
