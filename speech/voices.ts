import type { Participant, Seat } from '../wire/types.ts';

/** How somebody sounds, before an engine looks for the nearest that it has. */
export interface Voice {
  /** BCP 47, in its canonical form. */
  readonly lang: string;
  readonly gender: Gender | undefined;
  /** What the settings name, in the engine's own words. */
  readonly name: string | undefined;
  /** The other one at the table sounds the same but for this. */
  readonly isSecond: boolean;
}

export type Gender = 'f' | 'm';

/** Voices by the name of a speaker, or by language and gender: `en-GB-f`, `en-f`, `en-GB`, `en`, `f`. */
export type VoiceNames = Readonly<Record<string, string>>;

export interface Casting {
  readonly names: VoiceNames;
  /** Of whoever names no language. */
  readonly lang: string;
}

type Speaker = Pick<Participant, 'name' | 'lang' | 'gender'>;

/** Who gets which voice; two of one language and gender get two. */
export function castVoices(
  speakers: { readonly [seat in Seat]: Speaker },
  { names, lang }: Casting,
): { readonly [seat in Seat]: Voice } {
  const a = voiceOf(speakers.a, names, lang);
  const b = voiceOf(speakers.b, names, lang);
  const isSame =
    a.name === b.name && a.gender === b.gender && primaryLanguage(a.lang) === primaryLanguage(b.lang);
  return { a, b: { ...b, isSecond: isSame } };
}

/** "de" of "de-AT". */
export function primaryLanguage(lang: string): string {
  return lang.split('-')[0] ?? lang;
}

/** `pt-BR` of `PT_br`; undefined for what is no tag. A peer may have sent it. */
export function canonicalLanguage(tag: string | undefined): string | undefined {
  if (tag === undefined || !/^[a-z]{2,3}(?:[-_][a-z0-9]{1,8}){0,5}$/i.test(tag.trim())) return undefined;
  try {
    return Intl.getCanonicalLocales(tag.trim().replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}

function voiceOf(speaker: Speaker, names: VoiceNames, fallback: string): Voice {
  const lang = canonicalLanguage(speaker.lang) ?? fallback;
  const gender = genderOf(speaker.gender);
  return { lang, gender, name: nameFor(speaker.name, lang, gender, names), isSecond: false };
}

function genderOf(text: string | undefined): Gender | undefined {
  if (/^(?:f|female|w|woman)$/i.test(text?.trim() ?? '')) return 'f';
  return /^(?:m|male|man)$/i.test(text?.trim() ?? '') ? 'm' : undefined;
}

/** The most particular comes first. */
function nameFor(
  speaker: string,
  lang: string,
  gender: Gender | undefined,
  names: VoiceNames,
): string | undefined {
  const primary = primaryLanguage(lang);
  const wanted = gender
    ? [speaker, `${lang}-${gender}`, `${primary}-${gender}`, lang, primary, gender]
    : [speaker, lang, primary];
  const known = new Map(Object.entries(names).map(([key, name]) => [key.toLowerCase(), name]));
  return wanted.map((key) => known.get(key.toLowerCase())).find((name) => name !== undefined);
}
