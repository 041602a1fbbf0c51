/** Tells a text's likely languages, ISO 639-3 with a likeness from 0 to 1, the best first; as `francAll` does. */
export type Identify = (text: string) => [string, number][];

/** Below this a language is a guess. */
const fewestLetters = 100;
/** The same where it is written in another script, as English is to a Greek. */
const fewestForeignLetters = 40;
/** How much better than the announced language another one must fit. */
const clearMargin = 0.12;
/** Enough to be sure; the detector takes its time for each of its two hundred languages. */
const longestCharacters = 600;

/** Languages that a detector takes for each other, by what BCP 47 calls them. */
const alike: readonly (readonly string[])[] = [
  ['no', 'nb', 'nn', 'da', 'sv'],
  ['id', 'ms', 'jv', 'su'],
  ['hr', 'sr', 'bs', 'sl'],
  ['cs', 'sk'],
  ['es', 'gl', 'ca', 'ast', 'pt'],
  ['nl', 'af', 'li', 'fy'],
  ['ru', 'uk', 'be', 'bg', 'mk'],
  ['hi', 'mr', 'ne', 'bho', 'mai'],
  ['zh', 'yue', 'wuu', 'ja'],
  ['fr', 'oc', 'wa', 'ca'],
  ['it', 'co', 'scn', 'lmo', 'vec'],
  ['de', 'nds', 'lb', 'gsw', 'bar'],
  ['en', 'sco'],
  ['tr', 'az', 'crh'],
];

/**
 * The language of a turn (BCP 47) where it is surely another one than `announced`; undefined where it is the
 * same, too short to tell, or nobody has announced one.
 */
export function findSwitchedLanguage(
  text: string,
  announced: string | undefined,
  identify: Identify,
): string | undefined {
  const expected = baseOf(announced);
  if (expected === undefined) return undefined;
  const prose = proseOf(text);
  const letters = countLetters(prose);
  if (letters < fewestForeignLetters) return undefined;
  const candidates = identify(prose.slice(0, longestCharacters)).map(([code, score]) => ({
    language: baseOf(code),
    score,
  }));
  const [best] = candidates;
  if (best?.language === undefined || best.language === 'und' || isAlike(best.language, expected))
    return undefined;
  const own = candidates.find(({ language }) => language !== undefined && isAlike(language, expected));
  // A language that the library does not know proves nothing by not being found.
  if (!own && !isKnown(expected, best.language)) return undefined;
  if (letters < fewestLetters && scriptOf(expected) === scriptOf(best.language)) return undefined;
  return best.score - (own?.score ?? 0) >= clearMargin ? best.language : undefined;
}

/** `de` for `de-AT`, `deu` and `ger`; undefined for what is no language tag. */
function baseOf(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === '') return undefined;
  try {
    return new Intl.Locale(tag).language;
  } catch {
    return undefined;
  }
}

function isAlike(one: string, other: string): boolean {
  return one === other || alike.some((group) => group.includes(one) && group.includes(other));
}

/** With scripts that differ, the announced language is not even among the candidates. */
function isKnown(expected: string, found: string): boolean {
  return scriptOf(expected) !== scriptOf(found);
}

function scriptOf(language: string): string | undefined {
  return new Intl.Locale(language).maximize().script;
}

/** Code, addresses, quotations and names of things are in whatever language they are. */
function proseOf(text: string): string {
  return text
    .replace(/^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\1|$(?![\s\S]))/gmu, ' ')
    .replace(/`[^`\n]*`|https?:\/\/\S+|^[ \t]*>.*$|“[^”]*”|„[^“”]*[“”]|«[^»]*»|"[^"\n]*"/gmu, ' ');
}

function countLetters(text: string): number {
  return text.match(/\p{L}/gu)?.length ?? 0;
}
