import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ProviderError, type Provider, type ReplyPiece } from '../../../agents/provider.ts';
import { replyReliably, type Patience } from '../../../agents/reliable.ts';

/** A text is a piece of the reply, but for `hang`: nothing comes until the attempt is ended. */
type Step = string | ReplyPiece | Error;
const end: ReplyPiece = { type: 'end', finish: 'stop' };

/** Plays one list of steps for each attempt, and keeps the signal of each. */
function createFake(...attempts: Step[][]): Provider & { signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  return {
    name: 'openai',
    model: 'fake',
    signals,
    async *reply({ signal }) {
      signals.push(signal);
      for (const step of attempts.shift() ?? []) {
        if (step === 'hang') await new Promise((_resolve, reject) => whenAborted(signal, reject));
        else if (step instanceof Error) throw step;
        else yield typeof step === 'string' ? { type: 'text', text: step } : step;
      }
    },
  };
}

function whenAborted(signal: AbortSignal, reject: (reason: Error) => void): void {
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
}

function failure(code: string, options: { retryable?: boolean; retryAfterMs?: number } = {}): ProviderError {
  return new ProviderError(`openai: ${code}`, { provider: 'openai', code, retryable: true, ...options });
}

async function play(
  provider: Provider,
  patience: Partial<Patience> = {},
  controller = new AbortController(),
) {
  const log: string[] = [];
  const waits: number[] = [];
  const request = { system: '', messages: [], signal: controller.signal };
  const whole: Patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 6, maxWaitMs: 300_000, ...patience };
  const stream = replyReliably(provider, request, whole, {
    onStatus: (text) => log.push(text),
    onRestart: () => log.push('RESTART'),
    random: () => 0.5,
    sleep: async (delayMs) => waits.push(delayMs),
  });
  const error = await (async () => {
    for await (const piece of stream) {
      log.push('text' in piece ? `${piece.type}: ${piece.text}` : piece.type.toUpperCase());
    }
  })().catch((reason: unknown) => reason as ProviderError);
  return { log, waits, error };
}

describe('a reply that is asked for until it comes', () => {
  it('passes on what came at the first attempt', async () => {
    const provider = createFake([{ type: 'reasoning', text: 'hm' }, 'Hel', 'lo', end]);
    expect(await play(provider)).toEqual({
      log: ['reasoning: hm', 'text: Hel', 'text: lo', 'END'],
      waits: [],
      error: undefined,
    });
  });

  it('waits as long as the server asks, over a minute too, and says so', async () => {
    const provider = createFake([failure('rate-limited', { retryAfterMs: 90_000 })], ['Hello', end]);
    const { log, waits } = await play(provider);
    expect(log).toEqual(['rate limited by openai, next try in 90 s', 'text: Hello', 'END']);
    expect(waits).toEqual([90_000]);
  });

  it('gives up when the server asks for more than anybody wants to wait', async () => {
    const provider = createFake([failure('rate-limited', { retryAfterMs: 301_000 })]);
    const { waits, error } = await play(provider);
    expect(waits).toEqual([]);
    expect(error).toMatchObject({
      code: 'rate-limited',
      retryable: false,
      message: 'openai: rate-limited (it asks for a wait of 301 s; max_wait_seconds is 300)',
    });
  });

  it('waits twice as long each time, with jitter, 30 s at most', async () => {
    const provider = createFake(...Array.from({ length: 8 }, () => [failure('overloaded')]), ['Hello', end]);
    const { waits } = await play(provider, { maxRetries: 8 });
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  it('takes a wish of 0 s for none', async () => {
    const provider = createFake([failure('overloaded', { retryAfterMs: 0 })], ['Hello', end]);
    expect((await play(provider)).waits).toEqual([250]);
  });

  it('gives up after so many retries, and says how often it tried', async () => {
    const provider = createFake([failure('overloaded')], [failure('overloaded')], [failure('overloaded')]);
    const { error } = await play(provider, { maxRetries: 2 });
    expect(error).toMatchObject({ code: 'overloaded', message: 'openai: overloaded (tried 3 times)' });
    expect(provider.signals).toHaveLength(3);
  });

  it('does not try again what cannot get better', async () => {
    const provider = createFake([failure('wrong-key', { retryable: false })]);
    const { log, error } = await play(provider);
    expect(log).toEqual([]);
    expect(error).toMatchObject({ code: 'wrong-key' });
  });

  it('has viewers drop what they saw of a reply that broke off', async () => {
    const provider = createFake(['Hel', failure('cut-off')], ['Hello', end]);
    expect((await play(provider)).log).toEqual([
      'text: Hel',
      'openai: cut-off, next try in 1 s',
      'RESTART',
      'text: Hello',
      'END',
    ]);
  });

  it('takes a stream without an end for one that was cut off', async () => {
    const { log, error } = await play(createFake(['Hel']), { maxRetries: 0 });
    expect(log).toEqual(['text: Hel']);
    expect(error).toMatchObject({ code: 'cut-off', retryable: false });
  });

  it.each([
    ['the first piece', ['hang'] as Step[], { firstPieceMs: 20 }],
    ['a piece', ['Hel', 'hang'] as Step[], { firstPieceMs: 5_000, idleMs: 20 }],
  ])('ends an attempt that keeps it waiting for %s, and asks again', async (_which, steps, limits) => {
    const provider = createFake(steps, ['Hello', end]);
    const { log } = await play(provider, limits);
    expect(log).toContain('openai: nothing has come for 0.02 s, next try in 1 s');
    expect(log.slice(-2)).toEqual(['text: Hello', 'END']);
    expect(provider.signals[0]?.aborted).toBe(true);
  });

  it('asks for an empty reply twice more, then takes it', async () => {
    const nothing: Step[] = ['<think>hm</think>', ' \n', end];
    const provider = createFake(nothing, nothing, nothing, ['never heard', end]);
    const { log, waits } = await play(provider);
    expect(log.filter((line) => line.includes('answered nothing'))).toHaveLength(2);
    expect(log.at(-1)).toBe('END');
    expect(provider.signals).toHaveLength(3);
    expect(waits).toEqual([]);
  });

  it('ends at once when it is told to, in the middle of a reply', async () => {
    const controller = new AbortController();
    const provider = createFake(['Hel', 'hang']);
    setTimeout(() => controller.abort(new Error('enough')), 10);
    const { log, error } = await play(provider, {}, controller);
    expect(log).toEqual(['text: Hel']);
    expect(error).toEqual(new Error('enough'));
    expect(provider.signals[0]?.aborted).toBe(true);
  });

  it('ends at once when it is told to, in the middle of a wait', async () => {
    const controller = new AbortController();
    const stream = replyReliably(
      createFake([failure('rate-limited', { retryAfterMs: 60_000 })]),
      { system: '', messages: [], signal: controller.signal },
      { firstPieceMs: 0, idleMs: 0, maxRetries: 6, maxWaitMs: 0 },
      { onStatus: () => controller.abort(), onRestart: () => {} },
    );
    await expect(stream.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends a provider that takes no notice of the signal as quickly', async () => {
    const controller = new AbortController();
    const deaf: Provider = {
      name: 'command',
      model: 'deaf',
      async *reply() {
        yield await new Promise<ReplyPiece>(() => {});
      },
    };
    setTimeout(() => controller.abort(new Error('enough')), 10);
    expect((await play(deaf, {}, controller)).error).toEqual(new Error('enough'));
  });

  it('lets go of the request when nobody listens any more', async () => {
    const controller = new AbortController();
    const provider = createFake(['Hel', 'lo', end]);
    const request = { system: '', messages: [], signal: controller.signal };
    const patience = { firstPieceMs: 1_000, idleMs: 1_000, maxRetries: 0, maxWaitMs: 0 };
    for await (const piece of replyReliably(provider, request, patience, {
      onStatus: () => {},
      onRestart: () => {},
    })) {
      expect(piece).toEqual({ type: 'text', text: 'Hel' });
      break;
    }
    expect(provider.signals[0]?.aborted).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('what an attempt was billed that came to nothing', () => {
  const bill = (input: number, output: number): ReplyPiece => ({
    type: 'usage',
    usage: { input, output, cached: 0 },
  });
  const whole: ReplyPiece = { ...end, usage: { input: 40, output: 4, cached: 0 } };

  async function spentOn(provider: Provider, controller = new AbortController()) {
    const spent: number[] = [];
    const pieces: ReplyPiece[] = [];
    const request = { system: '', messages: [], signal: controller.signal };
    const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 1, maxWaitMs: 0 };
    const stream = replyReliably(provider, request, patience, {
      onStatus: () => {},
      onRestart: () => {},
      onSpent: ({ input, output }) => spent.push(input, output),
      sleep: async () => {},
    });
    const error = await (async () => {
      for await (const piece of stream) {
        pieces.push(piece);
        if (piece.type === 'text' && piece.text === 'now') controller.abort(new Error('overtaken'));
      }
    })().catch((reason: unknown) => reason);
    return { spent, pieces, error };
  }

  it('is told once: the last that was known of it, and nothing of the one that succeeds', async () => {
    const provider = createFake(
      [bill(10, 0), 'Once', bill(10, 3), failure('cut-off')],
      [' ', { ...end, usage: { input: 20, output: 1, cached: 0 } }],
      [bill(40, 0), 'Twice', whole],
    );
    const { spent, pieces } = await spentOn(provider);
    expect(spent).toEqual([10, 3, 20, 1]);
    expect(pieces.at(-1)).toEqual(whole);
    expect(pieces.map(({ type }) => type)).toEqual(['text', 'text', 'text', 'end']);
  });

  it('is told of a reply that was overtaken, and of the last one before it is given up', async () => {
    const overtaken = await spentOn(createFake([bill(10, 1), 'now', 'hang']));
    expect(overtaken).toMatchObject({ spent: [10, 1], error: { message: 'overtaken' } });
    const givenUp = await spentOn(createFake([failure('cut-off')], [bill(30, 2), failure('cut-off')]));
    expect(givenUp).toMatchObject({ spent: [30, 2], error: { code: 'cut-off' } });
  });

  it('stands for the reply where its end does not say', async () => {
    const { spent, pieces } = await spentOn(createFake([bill(10, 5), 'Hello', end]));
    expect(spent).toEqual([]);
    expect(pieces.at(-1)).toEqual({ ...end, usage: { input: 10, output: 5, cached: 0 } });
  });
});
