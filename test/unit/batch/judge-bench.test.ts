import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProviderError, type Provider, type ReplyRequest } from '../../../agents/provider.ts';
import { createScripted } from '../../../agents/providers/scripted.ts';
import { JudgeBench, type BenchOptions, type SeatedJudge } from '../../../batch/judges/judge-bench.ts';
import { judgeHeld } from '../../../batch/judges/judge-held.ts';
import type { VerdictFile } from '../../../batch/judges/verdict-file.ts';
import { readTally } from '../../../batch/tally.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const verdict = (change: object = {}): string =>
  JSON.stringify({
    reason: 'It was asked.',
    turn: 1,
    quotation: 'Good evening to you.',
    scores: { '1': { clarity: 4 }, '2': { clarity: 3 } },
    winner: 1,
    ...change,
  });
const usage = { input: 100, output: 10 };

/** A provider that counts what it is asked. */
function counting(provider: Provider): Provider & { readonly requests: ReplyRequest[] } {
  const requests: ReplyRequest[] = [];
  return {
    ...provider,
    requests,
    reply(request) {
      requests.push(request);
      return provider.reply(request);
    },
  };
}

const scripted = (...texts: readonly string[]) =>
  counting(createScripted(texts.map((text) => ({ text, usage }))));

function judgeWith(provider: Provider, change: Partial<SeatedJudge> = {}): SeatedJudge {
  const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
  return {
    name: 'constance',
    persona: 'You are fair.',
    rubric: [{ name: 'clarity', description: 'is clear', min: 1, max: 5 }],
    orders: ['ab', 'ba'],
    repeat: 1,
    provider: 'openai',
    model: 'small',
    parameters: {},
    price: { input: 1, output: 10 },
    seat: () => Promise.resolve({ provider, patience }),
    ...change,
  };
}

function benchOf(judge: SeatedJudge, options: Partial<BenchOptions> = {}): JudgeBench {
  return new JudgeBench({ judges: [judge], politeMs: 0, countTokens: (text) => text.length / 4, ...options });
}

async function meetingIn(folder: string, ...more: Parameters<typeof stamp>[0]): Promise<string> {
  const events = [
    meetingEvent(),
    turnEvent(1, 'Good evening to you.'),
    turnEvent(2, 'And to you.'),
    { type: 'stop', reason: 'end' } as const,
    ...more,
  ];
  return writeMeeting(folder, 'ada-bert', toLines(stamp(events)));
}

function verdictIn(meeting: string, name: string): VerdictFile {
  return JSON.parse(readFileSync(path.join(meeting, 'verdicts', name), 'utf8')) as VerdictFile;
}

const never = new AbortController().signal;

describe('JudgeBench', () => {
  it('asks again with what was wrong, keeps the verdict with all that it took, and never pays it twice', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const provider = scripted('Speaker 1 won.', verdict());
    const bench = benchOf(judgeWith(provider));
    expect(await bench.isDue(meeting)).toBe(true);
    await bench.judge(meeting, never);
    expect(provider.requests).toHaveLength(4);
    expect(provider.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(provider.requests[1]?.messages[2]?.content).toContain('it is no JSON object');
    const [ab, ba] = [verdictIn(meeting, 'constance-ab.json'), verdictIn(meeting, 'constance-ba.json')];
    expect(ab).toMatchObject({ usage: { input: 200, output: 20 }, cost: 400 / 1_000_000 });
    expect(ab.attempts.map(({ problem }) => problem)).toEqual(['it is no JSON object', undefined]);
    expect([ab.result, ba.result]).toMatchObject([{ winner: 'a' }, { winner: 'b' }]);
    expect(bench.counts).toEqual({ given: 2, invalid: 0, failed: 0 });
    // The limits of the batch count it.
    expect(await readTally(meeting)).toMatchObject({ turns: 2, tokens: 440, cost: 800 / 1_000_000 });

    const again = benchOf(judgeWith(provider));
    expect(await again.isDue(meeting)).toBe(false);
    await again.judge(meeting, never);
    expect(provider.requests).toHaveLength(4);
  });

  it('judges anew by another rubric, and still counts what was paid for the former one', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    await benchOf(judgeWith(scripted(verdict()), { orders: ['ab'] })).judge(meeting, never);
    const rubric = [{ name: 'clarity', description: 'is very clear', min: 1, max: 5 }];
    const provider = scripted(verdict({ winner: 2 }));
    const bench = benchOf(judgeWith(provider, { orders: ['ab'], rubric }));
    expect(await bench.isDue(meeting)).toBe(true);
    await bench.judge(meeting, never);
    expect(provider.requests).toHaveLength(1);
    expect(verdictIn(meeting, 'constance-ab.json').result).toMatchObject({ winner: 'b' });
    expect(verdictIn(meeting, 'former/constance-ab.1.json').result).toMatchObject({ winner: 'a' });
    expect(await readTally(meeting)).toMatchObject({ tokens: 220 });
  });

  it('keeps a verdict aside that never can be used, with its reason, and asks again only when told to', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const problems: string[] = [];
    const liar = scripted(...Array.from({ length: 9 }, () => verdict({ quotation: 'Nobody said this.' })));
    const judge = judgeWith(liar, { orders: ['ab'] });
    const bench = benchOf(judge, { onProblem: (sentence) => problems.push(sentence) });
    await bench.judge(meeting, never);
    expect(liar.requests).toHaveLength(3);
    expect(bench.counts).toEqual({ given: 0, invalid: 1, failed: 0 });
    expect(verdictIn(meeting, 'constance-ab.json').result).toEqual({
      type: 'invalid',
      problem: 'quotation: these words do not stand in turn 1; quote it letter for letter',
    });
    expect(problems[0]).toContain('constance-ab.json: no verdict that can be used');
    expect(await benchOf(judge).isDue(meeting)).toBe(false);

    const honest = judgeWith(scripted(verdict()), { orders: ['ab'] });
    const again = benchOf(honest, { again: true });
    expect(await again.isDue(meeting)).toBe(true);
    await again.judge(meeting, never);
    expect(verdictIn(meeting, 'constance-ab.json').result.type).toBe('verdict');
    expect(readdirSync(path.join(meeting, 'verdicts', 'former'))).toEqual(['constance-ab.1.json']);
  });

  it('tries again what a service could not give, and pays no answer twice that was had before', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const down = counting(
      createScripted([{ text: 'no JSON', usage }, { error: { message: 'out of order', status: 400 } }]),
    );
    const judge = judgeWith(down, { orders: ['ab'] });
    const bench = benchOf(judge);
    await bench.judge(meeting, never);
    expect(bench.counts).toMatchObject({ failed: 1 });
    expect(verdictIn(meeting, 'constance-ab.json').result).toMatchObject({ type: 'failed' });

    const up = scripted('never asked for', verdict());
    const later = benchOf(judgeWith(up, { orders: ['ab'] }));
    expect(await later.isDue(meeting)).toBe(true);
    await later.judge(meeting, never);
    expect(up.requests).toHaveLength(1);
    expect(verdictIn(meeting, 'constance-ab.json')).toMatchObject({
      result: { type: 'verdict' },
      usage: { input: 200 },
    });
  });

  it('does not go on asking a service that will refuse everything', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const refusing = counting({
      name: 'openai',
      model: 'small',
      // eslint-disable-next-line require-yield
      async *reply() {
        throw new ProviderError('openai: wrong key', {
          provider: 'openai',
          code: 'wrong-key',
          retryable: false,
        });
      },
    });
    await benchOf(judgeWith(refusing)).judge(meeting, never);
    expect(refusing.requests).toHaveLength(1);
  });

  it('shows a model no part of a transcript that is too long for it', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const provider = scripted(verdict());
    await benchOf(judgeWith(provider, { windowTokens: 50 })).judge(meeting, never);
    expect(provider.requests).toHaveLength(0);
    expect(verdictIn(meeting, 'constance-ab.json').result).toMatchObject({
      type: 'failed',
      problem: expect.stringContaining('raise context_tokens') as string,
    });
  });

  it('asks nothing more once all is to stop', async () => {
    const meeting = await meetingIn(await temporaryFolder());
    const stopping = new AbortController();
    const provider = counting({
      name: 'scripted',
      model: 'x',
      async *reply(request) {
        stopping.abort();
        yield* scripted(verdict()).reply(request);
      },
    });
    const bench = benchOf(judgeWith(provider), { politeMs: 5_000 });
    await bench.judge(meeting, stopping.signal);
    expect(provider.requests).toHaveLength(1);
    expect(readdirSync(path.join(meeting, 'verdicts'))).toEqual(['constance-ab.json']);
    expect(await bench.isDue(meeting)).toBe(true);
  });
});

describe('judgeHeld', () => {
  it('judges what is held to its end, and nothing when the batch has spent its tokens', async () => {
    const meetings = await temporaryFolder();
    const meeting = await meetingIn(meetings);
    await writeMeeting(meetings, 'under-way', toLines(stamp([meetingEvent(), turnEvent(1, 'Hello.')])));
    const provider = scripted(verdict());
    const options = {
      ids: ['ada-bert', 'under-way', 'not-begun'],
      meetings,
      failed: path.join(meetings, 'none'),
      bench: benchOf(judgeWith(provider)),
      atOnce: 2,
      limits: { tokens: 0, cost: 0, seconds: 0 },
      elapsedMs: () => 0,
      signal: never,
      onProgress: () => {},
    };
    expect(await judgeHeld(options)).toEqual({ due: 1, left: 0 });
    expect(provider.requests).toHaveLength(2);
    expect(existsSync(path.join(meetings, 'under-way', 'verdicts'))).toBe(false);

    const other = benchOf(judgeWith(provider, { name: 'other' }));
    const spent = { ...options, bench: other, limits: { tokens: 220, cost: 0, seconds: 0 } };
    expect(await judgeHeld(spent)).toEqual({ due: 1, left: 1 });
    expect(provider.requests).toHaveLength(2);
    expect(readdirSync(path.join(meeting, 'verdicts'))).toHaveLength(2);
  });
});
