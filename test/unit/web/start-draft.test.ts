import { describe, expect, it } from 'vitest';
import { startRequestSchema, type PersonaRow, type ServiceRow } from '../../../web/api.ts';
import { countDown } from '../../../web/page/conversation/count-down.ts';
import { firstDraft, problemWith, requestOf } from '../../../web/page/start/draft.ts';

const personas: PersonaRow[] = [
  { id: 'ada', name: 'Ada' },
  { id: 'eliza', name: 'Eliza', service: 'eliza' },
  { id: 'parry', name: 'Parry', service: 'parry' },
];
const builtIn: ServiceRow[] = [
  { service: 'eliza', kind: 'built-in', usable: true },
  { service: 'openai', kind: 'hosted', usable: false, problem: 'No key in OPENAI_API_KEY.' },
];

describe('the form of a new meeting', () => {
  it('begins with something that can be started as things are', () => {
    const draft = firstDraft(personas, builtIn);
    expect(problemWith(draft, personas, builtIn)).toBe('');
    const request = requestOf(draft, personas);
    expect(request.seats).toEqual({ a: { persona: 'eliza' }, b: { persona: 'parry' } });
    expect(startRequestSchema.safeParse(request).success).toBe(true);
  });

  it('says what is missing', () => {
    const draft = firstDraft(personas, builtIn);
    const seat = { ...draft.a, persona: 'ada', service: '' };
    expect(problemWith({ ...draft, a: seat }, personas, builtIn)).toMatch('Who writes for Ada?');
    expect(problemWith({ ...draft, a: { ...seat, service: 'openai' } }, personas, builtIn)).toMatch('No key');
    expect(problemWith({ ...draft, maxSeconds: 'ten' }, personas, builtIn)).toMatch('“ten” is no number');
    expect(problemWith({ ...draft, maxMessages: '1.5' }, personas, builtIn)).toMatch('“1.5” is no number');
  });

  it('becomes a request that the server takes, without what was left empty', () => {
    const draft = {
      ...firstDraft(personas, builtIn),
      maxCost: '0.5',
      executes: true,
      approves: true,
      passes: '2',
      translates: true,
      translator: 'openai',
      hello: ' Good day ',
      first: 'b',
    } as const;
    const request = requestOf(draft, personas);
    expect(request).toMatchObject({
      limits: { maxMessages: 20, maxCost: 0.5 },
      execution: { seats: 'both', approve: true, passes: 2 },
      translation: { service: 'openai' },
      hello: 'Good day',
      first: 'b',
    });
    expect(startRequestSchema.parse(request)).toEqual(request);
  });
});

describe('the seconds of a waiting state', () => {
  it('are counted down, and never below nothing', () => {
    expect(countDown('rate limited, next try in 12 s', 0, 3_000)).toBe('rate limited, next try in 9 s');
    expect(countDown('in 12 s', 0, 60_000)).toBe('in 0 s');
    expect(countDown('no figure', 0, 1)).toBe('no figure');
  });
});
