import type { PersonaRow, ServiceRow, StartRequest } from '../../api.ts';

/** What stands in the form for one seat; texts as they were typed. */
export interface SeatDraft {
  readonly persona: string;
  /** Of an edited persona. */
  readonly text: string | undefined;
  /** Empty: what the persona asks for. */
  readonly service: string;
  /** Empty: what the service's settings say. */
  readonly model: string;
}

export interface Draft {
  readonly a: SeatDraft;
  readonly b: SeatDraft;
  readonly maxMessages: string;
  readonly maxSeconds: string;
  readonly maxTokens: string;
  readonly maxCost: string;
  readonly idleSeconds: string;
  readonly executes: boolean;
  readonly executeSeats: 'both' | 'a' | 'b';
  readonly approves: boolean;
  readonly passes: string;
  readonly translates: boolean;
  readonly translator: string;
  readonly translatorModel: string;
  readonly hello: string;
  readonly first: 'random' | 'a' | 'b';
}

/** Something that can be started as things are: with a model where there is one, else the two that need none. */
export function firstDraft(personas: readonly PersonaRow[], services: readonly ServiceRow[]): Draft {
  const model = services.find(({ kind, usable }) => usable && (kind === 'hosted' || kind === 'local'));
  const pick = (wanted: string, place: number): string =>
    (personas.find(({ id }) => id === wanted) ?? personas[place])?.id ?? '';
  const service = model?.service ?? '';
  const seat = (persona: string): SeatDraft => ({ persona, text: undefined, service, model: '' });
  return {
    a: seat(model ? pick('sheldon-cooper', 0) : pick('eliza', 0)),
    b: seat(model ? pick('therapist', 1) : pick('parry', 1)),
    maxMessages: '20',
    maxSeconds: '',
    maxTokens: '',
    maxCost: '',
    idleSeconds: '',
    executes: false,
    executeSeats: 'both',
    approves: false,
    passes: '',
    translates: false,
    translator: '',
    translatorModel: '',
    hello: '',
    first: 'random',
  };
}

/** Why it cannot be started so; empty where it can, as far as the page knows. */
export function problemWith(
  draft: Draft,
  personas: readonly PersonaRow[],
  services: readonly ServiceRow[],
): string {
  for (const seat of ['a', 'b'] as const) {
    const { persona: id, service } = draft[seat];
    const persona = personas.find((one) => one.id === id);
    if (!persona) return `Choose a persona for seat ${seat.toUpperCase()}.`;
    if (persona.problem !== undefined && draft[seat].text === undefined)
      return `${persona.name}: ${persona.problem}`;
    const used = serviceOf(draft, seat, personas);
    if (used === '') return `Who writes for ${persona.name}? Choose a service.`;
    const row = services.find((one) => one.service === used);
    if (row && !row.usable && service !== '') return row.problem ?? `${used} cannot be used now.`;
  }
  return problemWithNumbers(draft);
}

/** The service that a seat ends up with. */
function serviceOf(draft: Draft, seat: 'a' | 'b', personas: readonly PersonaRow[]): string {
  const other = seat === 'a' ? 'b' : 'a';
  const persona = personas.find(({ id }) => id === draft[seat].persona);
  return draft[seat].service || (persona?.service ?? '') || draft[other].service;
}

/** The request for the server, without what was left empty. */
export function requestOf(draft: Draft, personas: readonly PersonaRow[]): StartRequest {
  const limits = compact({
    maxMessages: numberOf(draft.maxMessages),
    maxSeconds: numberOf(draft.maxSeconds),
    maxTokens: numberOf(draft.maxTokens),
    maxCost: numberOf(draft.maxCost),
    idleSeconds: numberOf(draft.idleSeconds),
  });
  const passes = numberOf(draft.passes);
  return {
    seats: { a: seatOf(draft, 'a', personas), b: seatOf(draft, 'b', personas) },
    ...(limits ? { limits } : {}),
    ...(draft.executes
      ? {
          execution: {
            seats: draft.executeSeats,
            approve: draft.approves,
            ...(passes === undefined ? {} : { passes }),
          },
        }
      : {}),
    ...(draft.translates
      ? {
          translation: {
            ...(draft.translator === '' ? {} : { service: draft.translator as TranslatorName }),
            ...(draft.translatorModel.trim() === '' ? {} : { model: draft.translatorModel.trim() }),
          },
        }
      : {}),
    ...(draft.first === 'random' ? {} : { first: draft.first }),
    ...(draft.hello.trim() === '' ? {} : { hello: draft.hello.trim() }),
  };
}

type SeatRequest = StartRequest['seats']['a'];
type TranslatorName = NonNullable<NonNullable<StartRequest['translation']>['service']>;

function seatOf(draft: Draft, seat: 'a' | 'b', personas: readonly PersonaRow[]): SeatRequest {
  const { persona, text, service, model } = draft[seat];
  const used =
    service ||
    (personas.find(({ id }) => id === persona)?.service === undefined
      ? serviceOf(draft, seat, personas)
      : '');
  return {
    persona,
    ...(text === undefined ? {} : { text }),
    ...(used === '' ? {} : { service: used as NonNullable<SeatRequest['service']> }),
    ...(model.trim() === '' ? {} : { model: model.trim() }),
  };
}

const numberFields = [
  ['maxMessages', 'Turns at most'],
  ['maxSeconds', 'Seconds at most'],
  ['maxTokens', 'Tokens at most'],
  ['maxCost', 'US dollars at most'],
  ['idleSeconds', 'Seconds of silence'],
  ['passes', 'Passed tests'],
] as const;

function problemWithNumbers(draft: Draft): string {
  for (const [name, label] of numberFields) {
    const text = draft[name].trim();
    if (text === '') continue;
    const value = Number(text);
    const isWhole = name === 'maxCost' || Number.isInteger(value);
    if (!Number.isFinite(value) || value < 0 || !isWhole)
      return `${label}: “${text}” is no number that can be used.`;
  }
  return '';
}

function numberOf(text: string): number | undefined {
  return text.trim() === '' ? undefined : Number(text);
}

function compact<Fields extends Record<string, number | undefined>>(
  fields: Fields,
): { [name in keyof Fields]?: number } | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as { [name in keyof Fields]?: number });
}
