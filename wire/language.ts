/**
 * The language of a BCP 47 code without region and script, in its canonical spelling: `pt` for `pt-BR`, `he` for
 * `iw`. Undefined where the text is no such code, or names no single language (`und`, `mul`, `zxx`).
 * Source: BCP 47 (RFC 5646), section 2.2.1.
 */
export function primaryLanguage(code: string): string | undefined {
  try {
    const { language } = new Intl.Locale(code);
    if (noLanguage.has(language) || !isKnown(language)) return undefined;
    return sameLanguage.get(language) ?? language;
  } catch {
    return undefined;
  }
}

/** "German" for `de-AT`; the code itself where nobody knows a name for it. */
export function englishLanguageName(code: string): string {
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

const languageNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });
const knownNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/** A word such as `deutsch` has the form of a code as well; none is registered that has no name. */
function isKnown(language: string): boolean {
  return knownNames.of(language) !== undefined;
}

const noLanguage: ReadonlySet<string> = new Set(['und', 'mul', 'zxx', 'mis']);

/** Codes of a whole family that mean its usual member. */
const sameLanguage: ReadonlyMap<string, string> = new Map([
  ['no', 'nb'],
  ['cmn', 'zh'],
  ['arb', 'ar'],
]);
