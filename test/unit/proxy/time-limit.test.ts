import { describe, expect, test } from 'vitest';
import { TimeLimit } from '../../../proxy/time-limit.ts';
import type { Clock } from '../../../wire/clock.ts';

/** Time that passes when it is told to. */
class HandClock implements Clock {
  #nowMs = 1_000_000;
  #due: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#due.push(entry);
    return () => void (this.#due = this.#due.filter((one) => one !== entry));
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { run } of due) run();
  }
}

function start(maxSeconds: number): { clock: HandClock; time: TimeLimit; ended: number[] } {
  const clock = new HandClock();
  const ended: number[] = [];
  const time = new TimeLimit(clock, (seconds) => ended.push(seconds));
  time.start(clock.nowMs(), maxSeconds);
  return { clock, time, ended };
}

describe('the time a meeting may take', () => {
  test('stands still while the meeting is paused', () => {
    const { clock, time, ended } = start(10);
    clock.pass(6_000);
    time.pause();
    clock.pass(60_000);
    expect([time.elapsedMs, ended]).toEqual([6_000, []]);
    time.resume();
    clock.pass(3_999);
    expect(ended).toEqual([]);
    clock.pass(1);
    expect(ended).toEqual([10]);
  });

  test('can be changed, and is up at once where it is shorter than what has passed', () => {
    const { clock, time, ended } = start(0);
    clock.pass(100_000);
    expect(ended).toEqual([]);
    time.change(200);
    clock.pass(50_000);
    time.change(100);
    clock.pass(1);
    expect(ended).toEqual([100]);
  });

  test('goes on after the proxy was started again without the pauses before', () => {
    const clock = new HandClock();
    const ended: number[] = [];
    const time = new TimeLimit(clock, (seconds) => ended.push(seconds));
    time.start(clock.nowMs() - 30_000, 20, 25_000);
    expect(time.elapsedMs).toBe(5_000);
    time.pause(clock.nowMs() - 2_000);
    expect(time.elapsedMs).toBe(3_000);
    time.resume();
    clock.pass(17_000);
    expect(ended).toEqual([20]);
  });
});
