import { measured, telemetry } from '../telemetry/telemetry.ts';
import type { Clock } from '../wire/clock.ts';
import { messageOf } from '../wire/errors.ts';
import { englishLanguageName, primaryLanguage } from '../wire/language.ts';
import { encodeText } from '../wire/message.ts';
import { otherSeat, seats, type Participant, type Seat, type Usage } from '../wire/types.ts';
import { maskText, unmaskText, type Masked } from './translation-mask.ts';

export interface TranslationRequest {
  /** With marks such as ⟦1⟧ for what stays as it is: the translation has each of them once. */
  readonly text: string;
  /** BCP 47. */
  readonly from: string;
  readonly to: string;
  readonly speaker: Participant;
  readonly listener: Participant;
  /** Of the meeting, from 1. */
  readonly turn: number;
  /** What was wrong with the last answer to the same request. */
  readonly hint?: string;
  /** Aborted when nobody waits for the translation any more. */
  readonly signal: AbortSignal;
}

export interface Translated {
  readonly text: string;
  readonly usage?: Usage;
}

/** Translates turns. Tries again by itself what may pass; rejects with a sentence that says what is wrong. */
export interface Translator {
  readonly provider: string;
  readonly model: string;
  /** How long a turn may wait for its translation. */
  readonly limitMs: number;
  translate(request: TranslationRequest): Promise<Translated>;
}

/** The languages of the two, where they differ. */
export type Languages = { readonly [seat in Seat]: string };

/** What became of one turn. */
export interface Translation {
  /** What the partner is told: the turn as it was, where it could not be translated. */
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly ms: number;
  /** Absent where there was no translator. */
  readonly provider?: string;
  readonly model?: string;
  /** Of all attempts. */
  readonly usage?: Usage;
  /** Why it was not translated. */
  readonly failed?: string;
}

export type Plan =
  | { readonly type: 'translate'; readonly languages: Languages }
  | { readonly type: 'same-language' }
  /** Somebody speaks nobody knows what, as the sentence says. */
  | { readonly type: 'unknown'; readonly problems: { readonly [seat in Seat]?: string } };

/** Whether these two need a translator. Region and script make no other language: `pt-BR` and `pt-PT` do not. */
export function planTranslation(participants: { readonly [seat in Seat]: Participant }): Plan {
  const languages = { a: participants.a.lang ?? '', b: participants.b.lang ?? '' };
  const unknown = seats.filter((seat) => primaryLanguage(languages[seat]) === undefined);
  if (unknown.length > 0) {
    const problems = unknown.map((seat) => [seat, describeUnknown(participants[seat].lang)]);
    return { type: 'unknown', problems: Object.fromEntries(problems) as { [seat in Seat]?: string } };
  }
  const isSame = primaryLanguage(languages.a) === primaryLanguage(languages.b);
  return isSame ? { type: 'same-language' } : { type: 'translate', languages };
}

/** Whether there is anything in a turn that can be translated: code alone is not. */
export function needsTranslation(
  text: string,
  participants: { readonly [seat in Seat]: Participant },
): boolean {
  return /\p{L}/u.test(text) && maskText(text, namesOf(participants)).hasWords;
}

/** What the reader of a turn is told that could not be translated. */
export function describeUntranslated(turn: number, { from, failed = '' }: Translation): string {
  return `Turn ${turn} was not translated and reaches you in ${englishLanguageName(from)}: ${failed}`;
}

export interface TurnTranslatorOptions {
  /** Absent where this proxy has none: then every turn fails. */
  readonly translator: Translator | undefined;
  readonly languages: Languages;
  readonly participants: { readonly [seat in Seat]: Participant };
  readonly maxFrameBytes: number;
  readonly clock: Clock;
  /** Where it is measured, it is a part of that meeting. */
  readonly meeting?: string;
}

/** Has the turns of one meeting translated. */
export class TurnTranslator {
  readonly #options: TurnTranslatorOptions;

  constructor(options: TurnTranslatorOptions) {
    this.#options = options;
  }

  needs(text: string): boolean {
    return needsTranslation(text, this.#options.participants);
  }

  languageFor(seat: Seat): string {
    return englishLanguageName(this.#options.languages[otherSeat(seat)]);
  }

  /** Never rejects, and takes no longer than the translator's limit, whatever the translator does. */
  async translate(seat: Seat, turn: number, text: string, over: AbortSignal): Promise<Translation> {
    const { clock, translator } = this.#options;
    const startedAtMs = clock.nowMs();
    const ended = new AbortController();
    const end = (): void => ended.abort(new Error('the meeting ended before that was done'));
    over.addEventListener('abort', end, { once: true });
    const limitMs = translator?.limitMs ?? 0;
    const late = new Error(`the translation took longer than ${limitMs / 1_000} s`);
    const cancel = limitMs > 0 ? clock.after(limitMs, () => ended.abort(late)) : () => {};
    const spent: Spent = {};
    try {
      if (over.aborted) end();
      const attempts = this.#attempt(seat, turn, text, ended.signal, spent);
      return this.#describe(seat, await orAborted(attempts, ended.signal), startedAtMs, spent);
    } catch (error) {
      return this.#describe(seat, text, startedAtMs, spent, messageOf(error));
    } finally {
      cancel();
      over.removeEventListener('abort', end);
      ended.abort();
    }
  }

  /** What becomes of a turn when there is no time to translate it. */
  giveUp(seat: Seat, text: string, waitedMs: number, failed: string): Translation {
    return this.#describe(seat, text, this.#options.clock.nowMs() - waitedMs, {}, failed);
  }

  /** A second time with a hint, should marks have been lost. Rejects with what went wrong. */
  async #attempt(seat: Seat, turn: number, text: string, signal: AbortSignal, spent: Spent): Promise<string> {
    const { translator, languages, participants, maxFrameBytes, meeting = '' } = this.#options;
    if (!translator) throw new Error('this proxy has no translator (start it with --translate)');
    const masked = maskText(text, namesOf(participants));
    const listener = otherSeat(seat);
    let hint: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const request = {
        text: masked.text,
        from: languages[seat],
        to: languages[listener],
        speaker: participants[seat],
        listener: participants[listener],
        turn,
        ...(hint === undefined ? {} : { hint }),
        signal,
      };
      const ask = (): ReturnType<Translator['translate']> =>
        measured({ type: 'agent', name: 'translator' }, () => translator.translate(request));
      const answer = await (telemetry()?.inMeeting(meeting, ask) ?? ask());
      spent.usage = addUsage(spent.usage, answer.usage);
      const { problem, text: translated } = readAnswer(answer.text, masked);
      if (problem === undefined) return checkLength(translated, maxFrameBytes);
      if (attempt === mostAttempts) throw new Error(`the translator garbled it: ${problem}`);
      hint = problem;
    }
  }

  #describe(seat: Seat, text: string, startedAtMs: number, { usage }: Spent, failed?: string): Translation {
    const { clock, languages, translator } = this.#options;
    return {
      from: languages[seat],
      to: languages[otherSeat(seat)],
      text,
      ms: Math.max(0, clock.nowMs() - startedAtMs),
      ...(translator ? { provider: translator.provider, model: translator.model } : {}),
      ...(usage ? { usage } : {}),
      ...(failed === undefined ? {} : { failed }),
    };
  }
}

const mostAttempts = 2;

/** What was spent also counts where nothing came of it. */
interface Spent {
  usage?: Usage | undefined;
}

function readAnswer(answer: string, masked: Masked): { readonly problem?: string; readonly text: string } {
  if (answer.trim() === '') return { problem: 'there was no translation', text: '' };
  const unmasked = unmaskText(answer, masked);
  return unmasked.type === 'whole' ? unmasked : { problem: unmasked.problem, text: '' };
}

function checkLength(text: string, maxFrameBytes: number): string {
  const bytes = Buffer.byteLength(encodeText(text));
  if (bytes <= maxFrameBytes) return text;
  throw new Error(`the translation has ${bytes} bytes, and a message may have ${maxFrameBytes}`);
}

function namesOf({ a, b }: { readonly [seat in Seat]: Participant }): string[] {
  return [a.name, b.name];
}

function describeUnknown(lang: string | undefined): string {
  const shown = lang === undefined ? 'names no language' : `${JSON.stringify(lang)} is no language code`;
  return `${shown} (BCP 47, such as de or pt-BR), so nothing is translated`;
}

function addUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (!one || !other) return one ?? other;
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cached: one.cached + other.cached,
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
