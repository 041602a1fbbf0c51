import { describe, expect, test } from 'vitest';
import { Gate, type Held } from '../../../proxy/gate.ts';

const held = (turn: number): Held => ({
  seat: turn % 2 === 1 ? 'a' : 'b',
  turn,
  characters: 1,
  pass: () => {},
  passAtEnd: () => {},
});

describe('the gate that messages go through', () => {
  test('is open until it is closed', () => {
    const gate = new Gate();
    expect(gate.admit()).toBe('free');
    gate.close();
    expect([gate.admit(), gate.isClosed]).toEqual(['wait', true]);
    gate.open();
    expect([gate.admit(), gate.isClosed]).toEqual(['free', false]);
  });

  test('lets the one through that has waited longest with each step', () => {
    const gate = new Gate();
    gate.close();
    for (const turn of [1, 2, 3]) gate.hold(held(turn));
    expect([gate.step()?.turn, gate.step()?.turn]).toEqual([1, 2]);
    expect(gate.waiting.map(({ turn }) => turn)).toEqual([3]);
    expect(gate.steps).toBe(0);
  });

  test('keeps a step for the next that comes where nobody waits, and takes it back when it is closed again', () => {
    const gate = new Gate();
    gate.close();
    expect([gate.step(), gate.step()]).toEqual([undefined, undefined]);
    expect([gate.admit(), gate.steps]).toEqual(['step', 1]);
    gate.close();
    expect([gate.admit(), gate.steps]).toEqual(['wait', 0]);
  });

  test('gives out what waits in order as soon as it is open', () => {
    const gate = new Gate();
    gate.close();
    for (const turn of [1, 2]) gate.hold(held(turn));
    expect(gate.next()).toBeUndefined();
    gate.open();
    expect([gate.next()?.turn, gate.next()?.turn, gate.next()]).toEqual([1, 2, undefined]);
  });
});
