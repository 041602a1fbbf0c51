import { describe, expect, it } from 'vitest';
import { WaitingRoom } from '../../../proxy/pairing.ts';
import type { Seat } from '../../../wire/types.ts';

const guest = (seat: Seat, name: string): { seat: Seat; name: string } => ({ seat, name });

describe('WaitingRoom', () => {
  it('pairs first come, first served, one from each port', () => {
    const room = new WaitingRoom(() => false);
    const [a1, a2, b1, b2] = [
      guest('a', 'a1'),
      guest('a', 'a2'),
      guest('b', 'b1'),
      guest('b', 'b2'),
    ] as const;
    expect(room.enter(a1)).toBeUndefined();
    expect(room.enter(a2)).toBeUndefined();
    expect(room.enter(b1)).toEqual({ a: a1, b: b1 });
    expect(room.enter(b2)).toEqual({ a: a2, b: b2 });
  });

  it('keeps those who name a meeting apart from those who do not', () => {
    const room = new WaitingRoom(() => false);
    const [named, unnamed, partner] = [
      guest('a', 'named'),
      guest('b', 'unnamed'),
      guest('b', 'partner'),
    ] as const;
    expect(room.enter(named, 'm1')).toBeUndefined();
    expect(room.enter(unnamed)).toBeUndefined();
    expect(room.enter(guest('b', 'other'), 'm2')).toBeUndefined();
    expect(room.enter(partner, 'm1')).toEqual({ a: named, b: partner, meeting: 'm1' });
  });

  it('refuses a second on the same seat, and anyone when the meeting is on', () => {
    const room = new WaitingRoom((meeting) => meeting === 'full');
    room.enter(guest('a', 'first'), 'm1');
    expect(() => room.enter(guest('a', 'second'), 'm1')).toThrowError(/seat a of the meeting m1 is taken/);
    expect(() => room.enter(guest('b', 'third'), 'full')).toThrowError(/full/);
  });

  it('forgets who left', () => {
    const room = new WaitingRoom(() => false);
    const [a, named] = [guest('a', 'a'), guest('a', 'named')] as const;
    room.enter(a);
    room.enter(named, 'm1');
    room.leave(a);
    room.leave(named);
    expect(room.enter(guest('b', 'b'))).toBeUndefined();
    expect(room.enter(guest('b', 'b'), 'm1')).toBeUndefined();
  });
});
