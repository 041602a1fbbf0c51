import { primaryLanguage, type Gender, type Voice } from '../../../speech/voices.ts';
import type { Seat } from '../../../wire/types.ts';

/** What of a browser's voice matters here; it bears no gender. Source: the Web Speech API, SpeechSynthesisVoice. */
export interface BrowserVoice {
  readonly name: string;
  readonly lang: string;
  readonly default: boolean;
  readonly localService: boolean;
}

/** How somebody sounds. */
export interface Sound<Found extends BrowserVoice> {
  /** Undefined: the browser is left to find one for the language. */
  readonly voice: Found | undefined;
  readonly lang: string;
  /** 1 is as it is. */
  readonly pitch: number;
}

type BySeat<T> = { readonly [seat in Seat]: T };

/**
 * The nearest voice for each: by language, then by what its name says of a gender. Only voices that speak on this
 * machine, if there are any: the others send what is said to a stranger. Two with the same voice differ in pitch.
 */
export function chooseVoices<Found extends BrowserVoice>(
  casting: BySeat<Voice>,
  all: readonly Found[],
): BySeat<Sound<Found>> {
  const local = all.filter(({ localService }) => localService);
  const voices = local.length > 0 ? local : all;
  const a = nearest(casting.a, voices, undefined);
  const b = nearest(casting.b, voices, a);
  const isSame = a === b;
  return {
    a: { voice: a, lang: casting.a.lang, pitch: isSame ? pitchOf(casting.a.gender, 1.1) : 1 },
    b: { voice: b, lang: casting.b.lang, pitch: isSame ? pitchOf(casting.b.gender, 0.9) : 1 },
  };
}

function nearest<Found extends BrowserVoice>(
  { lang, gender }: Voice,
  voices: readonly Found[],
  taken: Found | undefined,
): Found | undefined {
  const wanted = lang.toLowerCase();
  const fitting = voices
    .filter((voice) => primaryLanguage(tagOf(voice)) === primaryLanguage(wanted))
    .map((voice) => ({ voice, cost: costOf(voice, wanted, gender) }))
    .sort((one, other) => one.cost - other.cost);
  const best = fitting.find(({ voice, cost }) => voice !== taken && cost < wrongGender);
  return (best ?? fitting[0])?.voice;
}

const wrongGender = 100;

function costOf(voice: BrowserVoice, wanted: string, gender: Gender | undefined): number {
  const sounds = genderOf(voice.name);
  const genderCost = gender === undefined || sounds === gender ? 0 : sounds === undefined ? 10 : wrongGender;
  return genderCost + (tagOf(voice) === wanted ? 0 : 2) + (voice.default ? 0 : 1);
}

function tagOf({ lang }: BrowserVoice): string {
  return lang.toLowerCase().replace('_', '-');
}

/** Names that give it away, of the voices that come with Windows, macOS, Android and espeak. */
const women =
  /female|woman|frau|femme|mujer|\b(?:samantha|victoria|zira|karen|moira|tessa|anna|am[eé]lie|m[oó]nica|helena|hedda|katja|hortense|elsa|sabina|alice|susan|hazel|joana|melina|paulina|milena|kyoko|aria|jenny)\b/i;
const men =
  /\bmale|\bman\b|mann\b|homme|hombre|\b(?:daniel|david|mark|george|alex|fred|thomas|stefan|jorge|diego|pablo|luca|cosimo|conrad|markus|paul|rishi|yuri|nikos|stefanos|guy)\b/i;

function genderOf(name: string): Gender | undefined {
  if (women.test(name)) return 'f';
  return men.test(name) ? 'm' : undefined;
}

function pitchOf(gender: Gender | undefined, otherwise: number): number {
  if (gender === 'f') return 1.2;
  return gender === 'm' ? 0.85 : otherwise;
}
