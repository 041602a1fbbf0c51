import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ProviderError, type ReplyRequest } from '../../agents/provider.ts';
import { readJournal } from '../../journal/read.ts';
import { hold } from '../../library/hold.ts';
import { prepareMeeting } from '../../library/prepare-meeting.ts';
import type { HoldOptions, Turn } from '../../library/meeting.ts';
import { gatedProvider, talkingProvider } from '../support/gated-provider.ts';
import { startModelServer } from '../support/model-server.ts';
import { temporaryFolder } from '../support/temporary.ts';

const al = { text: '# Clerk Persona: Al (en)\n\nYou are a clerk.' };
const bo = { text: 'You keep bees.', name: 'Bo', lang: 'en' };
/** Two who say the same for ever are meant here. */
const settings = { 'loops.enabled': 'off' };

const two = (say: (index: number) => string) => ({
  a: { persona: al, provider: talkingProvider(say) },
  b: { persona: bo, provider: talkingProvider(say) },
});

async function turnsOf(options: HoldOptions): Promise<Turn[]> {
  const turns: Turn[] = [];
  for await (const turn of hold(options)) turns.push(turn);
  return turns;
}

async function errorOf(options: HoldOptions): Promise<Error & { code?: string }> {
  const meeting = hold(options);
  const thrown = await (async () => {
    for await (const turn of meeting) void turn;
    throw new Error('nothing was thrown');
  })().catch((error: unknown) => error as Error);
  await expect(meeting.finished).rejects.toBe(thrown);
  return thrown;
}

describe('hold', () => {
  it('gives the turns as they come, each with who said it and what it took', async () => {
    const cwd = await temporaryFolder();
    const meeting = hold({
      ...two((index) => `Point ${index + 1}.`),
      first: 'b',
      maxMessages: 3,
      cwd,
      settings,
    });
    const turns: Turn[] = [];
    for await (const turn of meeting) turns.push(turn);
    expect(turns).toMatchObject([
      { number: 1, seat: 'b', name: 'Bo', text: 'Point 1.', flags: [], runs: [], finish: 'stop' },
      { number: 2, seat: 'a', name: 'Al', text: 'Point 1.', usage: { input: 30, output: 4 } },
      { number: 3, seat: 'b', name: 'Bo', text: 'Point 2.' },
    ]);
    expect(turns[0]?.latencyMs).toBeGreaterThanOrEqual(0);
    const result = await meeting.finished;
    expect(result).toMatchObject({ reason: 'max-messages', turns: 3, tokens: 102 });
    // Nobody knows what acme charges, and nothing was asked to be kept.
    expect(result).not.toHaveProperty('cost');
    expect(result).not.toHaveProperty('folder');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('holds many meetings at a time that know nothing of each other, and leaves the process alone', async () => {
    const listeners = (): number[] =>
      ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'uncaughtException'].map((name) => process.listenerCount(name));
    const before = listeners();
    const written = vi.spyOn(process.stdout, 'write');
    const cwd = await temporaryFolder();
    const warned = vi.fn();
    process.on('warning', warned);
    const { signal } = new AbortController();
    const meetings = Array.from({ length: 12 }, (_, index) =>
      hold({
        ...two((turn) => `${index}/${turn}`),
        maxMessages: 6,
        cwd,
        transcripts: 'kept',
        signal,
        settings,
      }),
    );
    const results = await Promise.all(
      meetings.map(async (meeting, index) => {
        const said: string[] = [];
        for await (const { text } of meeting) said.push(text);
        expect(said).toEqual([0, 0, 1, 1, 2, 2].map((turn) => `${index}/${turn}`));
        return meeting.finished;
      }),
    );
    expect(new Set(results.map(({ id }) => id)).size).toBe(12);
    expect(readdirSync(path.join(cwd, 'kept')).sort()).toEqual(results.map(({ id }) => id).sort());
    for (const { folder = '' } of results) expect(existsSync(path.join(folder, 'transcript.md'))).toBe(true);
    expect(listeners()).toEqual(before);
    expect(written).not.toHaveBeenCalled();
    expect(warned).not.toHaveBeenCalled();
    process.off('warning', warned);
    written.mockRestore();
  });

  it('asks a service as the command line does, and adds up what it was billed', async () => {
    const server = await startModelServer('openai', () => ({
      type: 'reply',
      pieces: ['So ', 'be it.'],
      usage: { input: 1_000, output: 100, cached: 0 },
    }));
    const meeting = hold({
      a: {
        persona: al,
        service: 'openai:gpt-4o-mini',
        temperature: 0.5,
        settings: { base_url: `${server.origin}/v1`, api_key: 'sk-not-to-be-kept-1234' },
      },
      b: { service: 'eliza' },
      first: 'a',
      maxMessages: 3,
      transcripts: await temporaryFolder(),
    });
    const { tokens, usage, cost, folder = '' } = await meeting.finished;
    expect({ tokens, usage }).toEqual({ tokens: 2_200, usage: { input: 2_000, output: 200, cached: 0 } });
    expect(cost).toBeGreaterThan(0);
    expect(server.requests[0]?.body).toMatchObject({ model: 'gpt-4o-mini', temperature: 0.5 });
    const { events } = await readJournal(path.join(folder, 'journal.jsonl'));
    expect(JSON.stringify(events)).not.toContain('sk-not');
  });

  it('lets nobody else on this machine sit down', async () => {
    const { job, close } = await prepareMeeting({ a: { service: 'eliza' }, b: { service: 'parry' } });
    const { token, host } = job.relay;
    expect(host).toBe('127.0.0.1');
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect([job.speakers.a.greeting.token, job.speakers.b.greeting.token]).toEqual([token, token]);
    await close();
  });

  it('stops politely when the reader leaves: the message that is being written is the last', async () => {
    const a = gatedProvider('From a.');
    const b = gatedProvider('From b.');
    const meeting = hold({
      a: { persona: al, provider: a },
      b: { persona: bo, provider: b },
      first: 'a',
      maxMessages: 0,
      settings,
    });
    a.open();
    for await (const { number } of meeting) {
      expect(number).toBe(1);
      await b.untilAsked(1);
      break;
    }
    b.open();
    a.open();
    await expect(meeting.finished).resolves.toMatchObject({
      reason: 'stopped',
      detail: 'it was asked to stop',
      turns: 2,
    });
    expect([a.asked, b.asked]).toEqual([1, 1]);
  });

  it('ends at once where nobody waits for a message that never comes', async () => {
    const cwd = await temporaryFolder();
    const a = gatedProvider();
    const meeting = hold({
      a: { persona: al, provider: a },
      b: { service: 'eliza' },
      first: 'a',
      transcripts: 'kept',
      cwd,
    });
    await a.untilAsked(1);
    meeting.stop();
    meeting.stop(0);
    const { reason, turns, folder = '' } = await meeting.finished;
    expect({ reason, turns }).toEqual({ reason: 'stopped', turns: 0 });
    const { events } = await readJournal(path.join(folder, 'journal.jsonl'));
    expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
  });

  it('says why there is no folder for it', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'taken'), 'a file');
    const error = await errorOf({
      a: { service: 'eliza' },
      b: { service: 'parry' },
      transcripts: 'taken',
      cwd,
    });
    expect(error.message).toMatch(/^no folder for the meeting can be made in .*taken/);
  });

  it('says so when it was stopped before it began', async () => {
    const meeting = hold({ a: { service: 'eliza' }, b: { service: 'parry' } });
    meeting.stop();
    await expect(meeting.finished).rejects.toMatchObject({ code: 'never-began' });
  });

  it('asks a provider of its own again where that may help, and passes on its error where it may not', async () => {
    const failing = (error: () => Error, times: number) => {
      let asked = 0;
      const talker = talkingProvider(() => 'At last.');
      return {
        ...talker,
        async *reply(request: ReplyRequest) {
          if (asked++ < times) throw error();
          yield* talker.reply(request);
        },
      };
    };
    const busy = () =>
      new ProviderError('acme: busy', {
        provider: 'acme',
        code: 'overloaded',
        retryable: true,
        retryAfterMs: 1,
      });
    const b = { persona: bo, provider: talkingProvider(() => 'Yes.') };
    const turns = await turnsOf({
      a: { persona: al, provider: failing(busy, 2) },
      b,
      first: 'a',
      maxMessages: 2,
    });
    expect(turns.map(({ text }) => text)).toEqual(['At last.', 'Yes.']);

    const broken = new Error('the cable is out');
    const error = await errorOf({ a: { persona: al, provider: failing(() => broken, 1) }, b, first: 'a' });
    expect(error).toBe(broken);
  });

  it.each<[string, HoldOptions, RegExp]>([
    [
      'a persona that is not there',
      { a: { persona: 'socratez', service: 'eliza' }, b: {} },
      /socratez not found; did/,
    ],
    [
      'a service nobody knows',
      { a: { service: 'elisa' }, b: {} },
      /^a\.service: no service is called "elisa"; did/,
    ],
    ['nobody who writes', { a: { service: 'eliza' }, b: { persona: bo } }, /^b\.service: say what writes/],
    [
      'a key that is missing',
      { a: { persona: al, service: 'openai' }, b: { service: 'eliza' } },
      /OPENAI_API_KEY/,
    ],
    [
      'a limit below zero',
      { a: { service: 'eliza' }, b: { service: 'parry' }, maxMessages: -1 },
      /max-messages/,
    ],
    [
      'a setting nobody knows',
      { a: { service: 'eliza' }, b: { service: 'parry' }, settings: { x: 1 } },
      /"x"/,
    ],
    ['a text as a name', { a: { persona: 'You are\nAl.', service: 'eliza' }, b: {} }, /\{ text: '…' \}/],
    [
      'a model for a provider that has one',
      { a: { persona: al, provider: talkingProvider(() => ''), model: 'x' }, b: { service: 'eliza' } },
      /^a\.model is for a service/,
    ],
    [
      'somebody to ask before code is run',
      { a: { service: 'eliza' }, b: { service: 'parry' }, execution: { approve: true } },
      /nobody is there to ask/,
    ],
  ])('refuses %s in one sentence', async (_, options, sentence) => {
    const cwd = await temporaryFolder();
    const error = await errorOf({ ...options, cwd, env: {} });
    expect(error.message).toMatch(sentence);
    expect(['bad-config', 'usage', 'no-key']).toContain(error.code);
  });

  it('is called what it is told to be called, where nothing else is', async () => {
    const options = {
      a: { service: 'eliza' },
      b: { service: 'parry' },
      maxMessages: 2,
      cwd: await temporaryFolder(),
    };
    const named = { ...options, id: 'my-first.1', transcripts: 'kept' };
    await expect(hold(named).finished).resolves.toMatchObject({
      id: 'my-first.1',
      folder: path.join(options.cwd, 'kept', 'my-first.1'),
    });
    expect((await errorOf(named)).message).toMatch(/^id: .*my-first\.1 is there already; take another/);
    for (const id of ['../up', '', '.hidden', 'x'.repeat(101)]) {
      expect((await errorOf({ ...options, id })).message).toMatch(/^id: ".*" is no name for a meeting/);
    }
  });

  it('takes settings, personas and keys from the folder it is told to work in', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'replies.yml'), '[Here., There.]\n');
    writeFileSync(
      path.join(cwd, 'zoe.md'),
      '---\nservice: parry\n---\n\n# Pilot Persona: Zoe (fr)\n\nVous pilotez.\n',
    );
    const turns = await turnsOf({
      a: { persona: al, service: 'scripted:replies.yml' },
      b: { persona: 'zoe.md', seed: 7 },
      first: 'a',
      maxMessages: 3,
      cwd,
    });
    expect(turns.map(({ name }) => name)).toEqual(['Al', 'Zoe', 'Al']);
    expect(turns[2]?.text).toBe('There.');
  });

  it('reads along with a provider of its own as with any model: circles end, and doubts are told with the turn', async () => {
    const meeting = hold({
      a: { persona: al, provider: talkingProvider(() => 'I agree with every word of that.') },
      b: {
        persona: bo,
        provider: talkingProvider((index) =>
          index === 0 ? 'As an AI language model, I keep no bees.' : 'I could not agree more.',
        ),
      },
      first: 'b',
      maxMessages: 0,
    });
    const turns: Turn[] = [];
    for await (const turn of meeting) turns.push(turn);
    expect(turns[0]?.flags).toEqual([{ flag: 'broke-character', detail: expect.any(String) as string }]);
    expect(turns[1]?.flags).toEqual([]);
    await expect(meeting.finished).resolves.toMatchObject({ reason: 'loop' });
  });

  it('leaves a meeting at the signal, and goes on with it later as if nothing had been', async () => {
    const cwd = await temporaryFolder();
    const rules = { first: 'a', maxMessages: 5, transcripts: 'kept', cwd, settings } as const;
    const leave = new AbortController();
    const slow = gatedProvider();
    const first = hold({
      a: { persona: al, provider: talkingProvider(() => 'One.') },
      b: { persona: bo, provider: slow },
      ...rules,
      signal: leave.signal,
    });
    let id = '';
    await expect(
      (async () => {
        for await (const { number } of first) {
          expect(number).toBe(1);
          await slow.untilAsked(1);
          [id = ''] = readdirSync(path.join(cwd, 'kept'));
          leave.abort(new Error('enough for today'));
        }
      })(),
    ).rejects.toThrow('enough for today');
    await expect(first.finished).rejects.toThrow('enough for today');

    const heard: number[] = [];
    const talker = talkingProvider(() => 'Two.');
    const listening = {
      ...talker,
      reply: (request: ReplyRequest) => {
        heard.push(request.messages.length);
        return talker.reply(request);
      },
    };
    const again = hold({
      a: { persona: al, provider: talkingProvider(() => 'One.') },
      b: { persona: bo, provider: listening },
      resume: id.slice(0, -2),
      transcripts: 'kept',
      cwd,
    });
    const numbers: number[] = [];
    for await (const { number } of again) numbers.push(number);
    expect(numbers).toEqual([2, 3, 4, 5]);
    expect(heard[0]).toBe(1);
    const { folder = '', ...result } = await again.finished;
    expect(result).toMatchObject({ id, reason: 'max-messages', turns: 5 });
    const { events } = await readJournal(path.join(folder, 'journal.jsonl'));
    const turns = events.flatMap((event) => (event.type === 'turn' ? event.turn : []));
    expect(turns).toEqual([1, 2, 3, 4, 5]);
    await expect(errorOf({ resume: id, transcripts: 'kept', cwd })).resolves.toMatchObject({
      message: expect.stringContaining('it is over') as string,
    });
  });

  it('goes on with speakers whom the journal knows', async () => {
    const cwd = await temporaryFolder();
    const leave = new AbortController();
    const first = hold({
      a: { service: 'eliza', seed: 1 },
      b: { service: 'parry', settings: { characters_per_second: 500 } },
      maxMessages: 6,
      transcripts: 'kept',
      cwd,
      signal: leave.signal,
      onEvent: ({ type }) => void (type === 'turn' && leave.abort()),
    });
    await expect(first.finished).rejects.toMatchObject({ name: 'AbortError' });
    const [id = ''] = readdirSync(path.join(cwd, 'kept'));
    const again = hold({ resume: id, transcripts: 'kept', cwd });
    await expect(again.finished).resolves.toMatchObject({ id, reason: 'max-messages', turns: 6, cost: 0 });
  });

  it('runs their code in a sandbox, and tells what came of it with the turn', async () => {
    const script = (replies: readonly string[]) => talkingProvider((index) => replies[index] ?? '/bye');
    const meeting = hold({
      a: {
        persona: al,
        provider: script([
          'Look:\n\nRUN-CODE\n```python\nx = 6 * 7\nprint(x)\n```',
          'TEST-ASSERT\n```python\nassert x == 42\n```',
        ]),
      },
      b: { persona: bo, provider: script(['Go on.']) },
      first: 'a',
      execution: { passes: 1 },
    });
    const turns: Turn[] = [];
    for await (const turn of meeting) turns.push(turn);
    expect(turns.map(({ runs }) => runs)).toMatchObject([
      [{ kind: 'code', language: 'python', outcome: 'ok', output: '42\n' }],
      [],
      [{ kind: 'test', outcome: 'ok', code: 'assert x == 42' }],
    ]);
    await expect(meeting.finished).resolves.toMatchObject({ reason: 'tests-passed' });
  });

  it('tells of everything as it happens, and ends with what a listener throws', async () => {
    const types: string[] = [];
    const meeting = hold({
      a: { service: 'eliza' },
      b: { service: 'parry' },
      maxMessages: 0,
      settings,
      onEvent: ({ type }) => {
        types.push(type);
        if (types.filter((each) => each === 'turn').length === 2) throw new Error('I have heard enough');
      },
    });
    await expect(meeting.finished).rejects.toThrow('I have heard enough');
    expect(types.slice(0, 2)).toEqual(['paired', 'thinking']);
    expect(types).toContain('delta');
  });
});
