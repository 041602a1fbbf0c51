import { expect, test } from 'vitest';
import { ProviderError, type Provider } from '../../../agents/provider.ts';
import { replyReliably } from '../../../agents/reliable.ts';
import { RequestLimit } from '../../../agents/request-limit.ts';
import type { Clock } from '../../../wire/clock.ts';

/** Time that stands still until it is told to go on. */
class StillClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((each) => each !== timer));
  }

  async goTo(nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    const due = this.#timers.filter(({ atMs }) => atMs <= nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

test('so many begin at a time, and who came first goes first', async () => {
  const limit = new RequestLimit({ atOnce: 2, perMinute: 0 }, new StillClock());
  const begun: string[] = [];
  const waits: string[] = [];
  const enter = async (name: string): Promise<() => void> => {
    const leave = await limit.enter(never, (why) => waits.push(`${name} ${why}`));
    begun.push(name);
    return leave;
  };
  const first = await enter('a');
  await enter('b');
  void enter('c');
  void enter('d');
  await settled();
  expect(begun).toEqual(['a', 'b']);
  expect(waits).toEqual(['c waits: 2 at a time', 'd waits: 2 at a time']);
  first();
  // Twice is once.
  first();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('so many begin in a minute, evenly spread', async () => {
  const clock = new StillClock();
  const limit = new RequestLimit({ atOnce: 0, perMinute: 30 }, clock);
  let begun = 0;
  for (let count = 0; count < 3; count++) void limit.enter(never).then(() => begun++);
  await settled();
  expect(begun).toBe(1);
  await clock.goTo(1_999);
  expect(begun).toBe(1);
  await clock.goTo(2_000);
  expect(begun).toBe(2);
  await clock.goTo(4_000);
  expect(begun).toBe(3);
});

test('whoever is gone waits no more, and takes no place', async () => {
  const limit = new RequestLimit({ atOnce: 1, perMinute: 0 }, new StillClock());
  const leave = await limit.enter(never);
  const abort = new AbortController();
  const gone = limit.enter(abort.signal);
  const next = limit.enter(never);
  abort.abort(new Error('gone'));
  await expect(gone).rejects.toThrow('gone');
  leave();
  await next;
});

test('a service that says 429 to one is left alone by the others as well', async () => {
  const clock = new StillClock();
  const limit = new RequestLimit({ atOnce: 1, perMinute: 0 }, clock);
  const asked: string[] = [];
  const provider: Provider = {
    name: 'openai',
    model: 'm',
    async *reply({ system }) {
      asked.push(`${system} at ${clock.nowMs()}`);
      if (asked.length === 1) {
        const options = { provider: 'openai', code: 'rate-limited', retryable: true } as const;
        throw new ProviderError('openai: slow down', { ...options, status: 429, retryAfterMs: 5_000 });
      }
      yield { type: 'text', text: 'yes' };
      yield { type: 'end', finish: 'stop' };
    },
  };
  const statuses: string[] = [];
  const ask = async (system: string): Promise<void> => {
    const request = { system, messages: [{ role: 'user' as const, content: 'x' }], signal: never };
    // Waiting for the others is not the silence of the provider.
    const patience = { firstPieceMs: 5, idleMs: 5, maxRetries: 1, maxWaitMs: 0 };
    const hooks = {
      onStatus: (text: string) => statuses.push(`${system}: ${text}`),
      onRestart: () => {},
      limit,
      sleep: (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve)),
    };
    for await (const piece of replyReliably(provider, request, patience, hooks)) void piece;
  };
  const both = Promise.all([ask('one'), ask('two')]);
  await settled();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toEqual(['one at 0']);
  await clock.goTo(4_999);
  expect(asked).toHaveLength(1);
  await clock.goTo(5_000);
  await both;
  expect(asked.slice(1).toSorted()).toEqual(['one at 5000', 'two at 5000']);
  expect(statuses).toContain('one: rate limited by openai, next try in 5 s');
});
