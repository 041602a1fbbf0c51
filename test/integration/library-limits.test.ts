import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../agents/provider.ts';
import { hold } from '../../library/hold.ts';
import type { HoldOptions, MeetingEvent } from '../../library/meeting.ts';
import { requestLimit, type RequestLimit } from '../../library/request-limit.ts';
import { startModelServer } from '../support/model-server.ts';
import { talkingProvider } from '../support/gated-provider.ts';
import { temporaryFolder } from '../support/temporary.ts';

const persona = { text: '# Clerk Persona: Al (en)\n\nYou are a clerk.' };
const rules = { first: 'a', settings: { 'loops.enabled': 'off' } } as const;

/** A service that answers after a moment, and knows how much it was asked. */
class Service {
  readonly begunMs: number[] = [];
  mostAtOnce = 0;
  readonly provider: Provider;
  #underWay = 0;

  constructor(answerMs: number) {
    const begin = (): void => {
      this.begunMs.push(performance.now());
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
    };
    const end = (): void => void this.#underWay--;
    this.provider = {
      name: 'acme',
      model: 'm',
      async *reply() {
        begin();
        await sleep(answerMs);
        end();
        yield { type: 'text', text: 'Well.' };
        yield { type: 'end', finish: 'stop' };
      },
    };
  }
}

/** So many meetings at the same time, whose seats a and b are asked for elsewhere. */
async function holdMany(
  count: number,
  speaker: () => HoldOptions['a'],
  other: () => HoldOptions['b'],
  maxMessages: number,
) {
  const statuses: string[] = [];
  const onEvent = (event: MeetingEvent): void =>
    void (event.type === 'status' && event.text !== undefined && statuses.push(event.text));
  const meetings = Array.from({ length: count }, () =>
    hold({ ...rules, a: speaker() ?? {}, b: other() ?? {}, maxMessages, onEvent }),
  );
  await Promise.all(meetings.map(({ finished }) => finished));
  return statuses;
}

describe('requestLimit', () => {
  it('holds for all the meetings that share it, and for no service but theirs', async () => {
    const held = async (limit: RequestLimit | undefined) => {
      const shared = new Service(100);
      const free = new Service(10);
      const statuses = await holdMany(
        6,
        () => ({ persona, provider: shared.provider, ...(limit ? { limit } : {}) }),
        () => ({ persona, provider: free.provider }),
        4,
      );
      expect(shared.begunMs).toHaveLength(12);
      return { atOnce: shared.mostAtOnce, statuses };
    };
    // Without it they are more: it is the limit that is seen.
    expect((await held(undefined)).atOnce).toBeGreaterThan(2);
    const { atOnce, statuses } = await held(requestLimit({ atOnce: 2 }));
    expect(atOnce).toBe(2);
    expect(statuses).toContain('waits: 2 at a time');
  });

  it('spreads the requests of all of them over the minute', async () => {
    const service = new Service(0);
    const limit = requestLimit({ perMinute: 600 });
    const speaker = () => ({ persona, provider: service.provider, limit });
    await holdMany(3, speaker, speaker, 2);
    const times = service.begunMs;
    expect(times).toHaveLength(6);
    const gaps = times.slice(1).map((ms, index) => ms - (times[index] as number));
    // A busy machine may shorten one or two.
    expect(gaps.sort((one, other) => one - other)[2]).toBeGreaterThan(80);
  });

  it('leaves a service alone in every meeting when it has said so in one', async () => {
    let refusedAtMs = 0;
    const askedAtMs: number[] = [];
    const server = await startModelServer('openai', () => {
      askedAtMs.push(performance.now());
      if (askedAtMs.length > 1) return { type: 'reply', pieces: ['Well.'] };
      refusedAtMs = performance.now();
      return { type: 'refuse', status: 429, message: 'slow down', headers: { 'retry-after': '1' } };
    });
    const limit = requestLimit({ atOnce: 1 });
    const settings = { base_url: `${server.origin}/v1`, api_key: 'k' };
    await holdMany(
      3,
      () => ({ persona, service: 'openai:m', settings, limit }),
      () => ({ persona, provider: talkingProvider(() => 'Yes.') }),
      1,
    );
    expect(askedAtMs).toHaveLength(4);
    for (const each of askedAtMs.slice(1)) expect(each - refusedAtMs).toBeGreaterThan(990);
  });

  it('can be given to a meeting that is gone on with, whose journal knows who sat there', async () => {
    const cwd = await temporaryFolder();
    const leave = new AbortController();
    const first = hold({
      ...rules,
      a: { service: 'eliza', seed: 1 },
      b: { service: 'parry' },
      maxMessages: 3,
      transcripts: 'kept',
      cwd,
      signal: leave.signal,
      onEvent: ({ type }) => void (type === 'turn' && leave.abort()),
    });
    await expect(first.finished).rejects.toMatchObject({ name: 'AbortError' });
    const [id = ''] = readdirSync(`${cwd}/kept`);
    const asked: string[] = [];
    const limit: RequestLimit = {
      enter: async () => {
        asked.push('enter');
        return () => void asked.push('leave');
      },
      holdBack: () => {},
    };
    const again = hold({ resume: id, transcripts: 'kept', cwd, a: { limit }, b: { limit } });
    await expect(again.finished).resolves.toMatchObject({ id, reason: 'max-messages', turns: 3 });
    expect(asked).toEqual(['enter', 'leave', 'enter', 'leave']);
  });

  it('says what is wrong with what it was given', async () => {
    expect(() => requestLimit({ perMinute: -1 })).toThrow(
      'requestLimit: perMinute is -1; give a number of 0 or more, or leave it out',
    );
    for (const atOnce of [0.5, Number.NaN, Infinity])
      expect(() => requestLimit({ atOnce })).toThrow(/^requestLimit: atOnce is .*; give a whole number/);
    const limit = { perMinute: 3 } as unknown as RequestLimit;
    const { finished } = hold({ a: { service: 'eliza', limit }, b: { service: 'parry' } });
    await expect(finished).rejects.toThrow('a.limit: make it with requestLimit({ perMinute, atOnce })');
    const nobody = hold({ a: { limit: requestLimit({}) }, b: { service: 'parry' } });
    await expect(nobody.finished).rejects.toThrow('a.service: say what writes the replies');
  });
});
