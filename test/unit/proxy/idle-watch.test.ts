import { describe, expect, it } from 'vitest';
import { IdleWatch } from '../../../proxy/idle-watch.ts';
import type { Clock } from '../../../wire/clock.ts';

/** A clock that is moved by hand. */
function createClock(): Clock & { pass: (ms: number) => void } {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass(ms) {
      nowMs += ms;
      for (const timer of [...timers]) if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
    },
  };
}

function watch(limitMs: number) {
  const clock = createClock();
  let isIdle = false;
  const idle = new IdleWatch(clock, limitMs, () => (isIdle = true));
  idle.start();
  return { clock, idle, isIdle: () => isIdle };
}

describe('a meeting in which nobody says anything', () => {
  it('is idle after so long, counted from the last sign of life', () => {
    const { clock, idle, isIdle } = watch(1_000);
    clock.pass(900);
    idle.touch();
    clock.pass(900);
    expect(isIdle()).toBe(false);
    clock.pass(100);
    expect(isIdle()).toBe(true);
  });

  it('is not idle while it is held, however many hold it; then the time begins anew', () => {
    const { clock, idle, isIdle } = watch(1_000);
    const code = idle.hold();
    const absence = idle.hold();
    clock.pass(5_000);
    code();
    code();
    idle.touch();
    clock.pass(5_000);
    expect(isIdle()).toBe(false);
    absence();
    clock.pass(999);
    expect(isIdle()).toBe(false);
    clock.pass(1);
    expect(isIdle()).toBe(true);
  });

  it('is never idle without a limit, nor after its end', () => {
    const unlimited = watch(0);
    unlimited.idle.hold()();
    unlimited.clock.pass(1e9);
    expect(unlimited.isIdle()).toBe(false);
    const ended = watch(1_000);
    ended.idle.stop();
    ended.idle.touch();
    ended.clock.pass(1e9);
    expect(ended.isIdle()).toBe(false);
  });
});
