import { describe, expect, test } from 'vitest';
import type { LiveEvent } from '../../../proxy/onlookers.ts';
import type { LiveMessage } from '../../../web/api.ts';
import { LiveOrder } from '../../../web/server/live-order.ts';

function create(): { order: LiveOrder; told: LiveMessage[] } {
  const told: LiveMessage[] = [];
  return { order: new LiveOrder((message) => void told.push(message)), told };
}

const delta = (seat: 'a' | 'b', text: string): LiveEvent => ({ type: 'delta', meeting: 'm', seat, text });

describe('what comes by the control port', () => {
  test('waits for the turns of the journal that it came after', () => {
    const { order, told } = create();
    expect(order.add({ after: 0, event: delta('a', 'one') })).toBe(false);
    expect(order.add({ after: 1, event: delta('b', 'two') })).toBe(true);
    // What comes behind it waits too, whatever it came after.
    expect(order.add({ after: 1, event: { type: 'thinking', meeting: 'm', seat: 'a' } })).toBe(true);
    expect(told).toEqual([{ type: 'delta', seat: 'a', text: 'one' }]);
    order.turn('a', 1);
    order.release();
    expect(told.slice(1)).toEqual([
      { type: 'delta', seat: 'b', text: 'two' },
      { type: 'thinking', seat: 'a' },
    ]);
  });

  test('is dropped where it is a piece of a turn that the journal holds by now, and not where the other has spoken', () => {
    const { order, told } = create();
    order.turn('a', 1);
    order.add({ after: 0, event: delta('a', 'late') });
    order.add({ after: 0, event: delta('b', 'both write at once') });
    expect(told).toEqual([{ type: 'delta', seat: 'b', text: 'both write at once' }]);
  });

  test('is told again to whoever comes in the middle: the beginning of a turn, and the blocks that wait', () => {
    const { order } = create();
    const block = { kind: 'code', number: 1, language: 'python', code: 'x' } as const;
    order.add({ after: 0, event: delta('a', 'Once ') });
    order.add({ after: 0, event: delta('a', 'upon') });
    order.add({ after: 0, event: { type: 'approval', meeting: 'm', id: 1, seat: 'b', name: 'n', block } });
    order.add({ after: 0, event: { type: 'approval', meeting: 'm', id: 2, seat: 'b', name: 'n', block } });
    order.add({ after: 0, event: { type: 'approved', meeting: 'm', id: 1 } });
    expect(order.messages).toMatchObject([
      { type: 'delta', seat: 'a', text: 'Once upon' },
      { type: 'approval', id: 2 },
    ]);
    order.add({ after: 0, event: delta('a', '') });
    expect(order.messages).toHaveLength(1);
  });

  test('is void when the connection is lost', () => {
    const { order, told } = create();
    const block = { kind: 'code', number: 1, language: 'python', code: 'x' } as const;
    order.add({ after: 0, event: delta('a', 'half') });
    order.add({ after: 0, event: { type: 'approval', meeting: 'm', id: 7, seat: 'b', name: 'n', block } });
    order.add({ after: 3, event: delta('b', 'never told') });
    order.forget();
    expect(told.slice(2)).toEqual([
      { type: 'delta', seat: 'a', text: '' },
      { type: 'approved', id: 7 },
    ]);
    order.turn('a', 3);
    order.release();
    expect([told.length, order.messages]).toEqual([4, []]);
  });
});
