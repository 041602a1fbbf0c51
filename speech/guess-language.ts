import { franc } from 'franc';

/**
 * The language of a text, BCP 47; undefined where it is too short to tell, or is none of those that people
 * commonly have voices for: among all languages, English often passes for Scots.
 */
export function guessLanguage(text: string): string | undefined {
  const code = franc(text.slice(0, longestSample), { minLength: shortestSample, only: [...candidates] });
  if (code === 'und') return undefined;
  return Intl.getCanonicalLocales(code)[0];
}

const longestSample = 2_000;
/** Below this, one guess in several is wrong. */
const shortestSample = 40;

/** ISO 639-3. */
const candidates = (
  'eng deu fra spa ita por nld ell rus pol ces slk ukr bul ron hun fin swe dan nob est lav lit ' +
  'tur arb heb hin ben urd pes jpn kor cmn vie tha ind swh cat hrv slv'
).split(' ');
