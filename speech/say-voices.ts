import { primaryLanguage, type Gender, type Voice } from './voices.ts';

/** A line of `say -v '?'`: name, language, and a sentence behind `#`. */
export interface SayVoice {
  readonly name: string;
  /** BCP 47. */
  readonly lang: string;
}

/** Reads what `say -v '?'` prints. */
export function parseSayVoices(list: string): SayVoice[] {
  return list.split('\n').flatMap((line) => {
    const [, name, lang] = /^(.*?\S)\s+([a-z]{2,3}(?:[_-][A-Za-z0-9]+)*)\s*(?:#.*)?$/.exec(line) ?? [];
    return name === undefined || lang === undefined ? [] : [{ name, lang: lang.replaceAll('_', '-') }];
  });
}

/** The nearest voice that is installed; undefined where none speaks the language. */
export function chooseSayVoice(voices: readonly SayVoice[], wanted: Voice): string | undefined {
  const tag = wanted.lang.toLowerCase();
  const spoken = voices.filter(({ lang }) => primaryLanguage(lang) === primaryLanguage(wanted.lang));
  const exact = spoken.filter(({ lang }) => lang.toLowerCase() === tag);
  // The list is in the order of the alphabet; those that a name is known of are the serious ones.
  const rank = ({ name }: SayVoice): number => {
    const gender = genderOf(name);
    if (gender === undefined) return 1;
    return wanted.gender === undefined || gender === wanted.gender ? 0 : 2;
  };
  const byRank = (one: SayVoice, other: SayVoice): number => rank(one) - rank(other);
  const others = spoken.filter((voice) => !exact.includes(voice));
  const fitting = [...exact, ...others].sort(byRank);
  const sameGender = fitting.filter((voice) => rank(voice) === rank(fitting[0] as SayVoice));
  return ((wanted.isSecond ? sameGender[1] : undefined) ?? fitting[0])?.name;
}

function genderOf(name: string): Gender | undefined {
  const first = name.split(' ')[0] ?? '';
  if (women.has(first)) return 'f';
  return men.has(first) ? 'm' : undefined;
}

/** The list says nothing of it: these are the names of macOS 10.15 to 15. */
const women = new Set(
  `Alice Allison Alva Amelie Amélie Amira Anna Audrey Aurelie Aurélie Ava Carmit Catarina Claire Damayanti Ellen
  Federica Fiona Flo Grandma Ioana Iveta Joana Joelle Kanya Karen Kate Kathy Katja Kyoko Lana Laila Laura Lekha
  Lesya Luciana Mariska Marie Mei-Jia Meijia Melina Milena Moira Monica Mónica Montse Nicky Nora Paola Paulina
  Petra Samantha Sandy Sara Satu Serena Shelley Sin-ji Sinji Soumya Susan Tessa Tina Ting-Ting Tingting Tünde Veena
  Vicki Victoria Yelda Yuna Zosia Zuzana Linh`.split(/\s+/),
);
const men = new Set(
  `Aaron Alex Bruce Carlos Cem Daniel Diego Eddy Felipe Fred Grandpa Henrik Jacques Jorge Juan Junior Lee Luca Magnus
  Markus Maged Nikos Oliver Oskar Otoya Ralph Reed Rishi Rocko Thomas Tom Viktor Xander Yannick Yuri
  Nicolas Ivan`.split(/\s+/),
);
