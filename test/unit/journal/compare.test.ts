import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareMeetings } from '../../../journal/compare.ts';
import type { Conversation } from '../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../journal/event.ts';
import { diffWords } from '../../../journal/word-diff.ts';
import { meetingEvent, outlineOf, stamp, turnEvent } from '../../support/journal.ts';

describe('the words of two texts', () => {
  it('are told apart word by word', () => {
    expect(diffWords('It rained all day.', 'It rained all night, in Leeds.')).toEqual([
      { type: 'same', text: 'It rained all ' },
      { type: 'left', text: 'day' },
      { type: 'right', text: 'night, in Leeds' },
      { type: 'same', text: '.' },
    ]);
  });

  it('are not compared where they have hardly anything in common', () => {
    expect(diffWords('The cat sat there.', 'Nobody knows a better way, they say.')).toEqual([
      { type: 'left', text: 'The cat sat there.' },
      { type: 'right', text: 'Nobody knows a better way, they say.' },
    ]);
  });

  it('are all there, in their order, on both sides', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ' ', '\n', '.', 'é', '漢'), { maxLength: 30 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [left, right] = [one.join(''), other.join('')];
        const parts = diffWords(left, right);
        const side = (type: 'left' | 'right'): string =>
          parts.map((part) => (part.type === 'same' || part.type === type ? part.text : '')).join('');
        expect([side('left'), side('right')]).toEqual([left, right]);
      }),
    );
  });

  it('of very long texts are found at their beginnings and ends at least', () => {
    const long = (middle: string): string => `begin ${middle.repeat(4_000)} end`;
    const parts = diffWords(long('one '), long('two '));
    expect(parts.map(({ type }) => type)).toEqual(['left', 'right']);
    expect(diffWords(`${'same '.repeat(9_000)}one`, `${'same '.repeat(9_000)}two`)).toHaveLength(3);
  });
});

describe('two meetings', () => {
  const meeting = (...texts: string[]): Conversation => {
    const events = stamp([
      meetingEvent(),
      ...texts.map((text, index): MeetingEvent => turnEvent(index + 1, text)),
    ]);
    const entries = events.filter((event) => event.type === 'turn');
    return { ...outlineOf(events), entries };
  };

  it('have a beginning in common, and turns of one seat stand beside each other', () => {
    const { common, rows } = compareMeetings(meeting('1', '2', 'three', 'four'), meeting('1', '2', 'drei'));
    expect(common).toBe(2);
    expect(rows.map(({ type }) => type)).toEqual(['same', 'same', 'changed', 'left']);
  });

  it('find together again behind turns that only one of them has', () => {
    const one = meeting('1', '2', '3', '4');
    const other = meeting('1', 'x', 'y', '2', '3', '4');
    const { common, rows } = compareMeetings(one, other);
    expect(common).toBe(1);
    expect(rows.map(({ type }) => type)).toEqual(['same', 'right', 'right', 'same', 'same', 'same']);
  });
});
