/** The few words that are said without anybody having written them. */
export interface Phrases {
  /** In place of a block of code. */
  readonly code: string;
  /** After a turn that was cut. */
  readonly rest: string;
}

/**
 * In the language of the voice: another one would make a hash of them. Undefined where they are not known,
 * and then nothing is said.
 */
export function phrasesFor(lang: string): Phrases | undefined {
  return phrases[lang.split('-')[0]?.toLowerCase() ?? ''];
}

const phrases: Readonly<Record<string, Phrases>> = {
  da: { code: 'Her står et stykke kode.', rest: 'Resten læses ikke op.' },
  de: { code: 'Hier steht ein Stück Code.', rest: 'Der Rest wird nicht vorgelesen.' },
  el: { code: 'Εδώ υπάρχει κώδικας.', rest: 'Τα υπόλοιπα δεν διαβάζονται.' },
  en: { code: 'A piece of code.', rest: 'The rest is not read.' },
  es: { code: 'Aquí hay un trozo de código.', rest: 'El resto no se lee.' },
  fr: { code: 'Ici, un morceau de code.', rest: 'Le reste n’est pas lu.' },
  it: { code: 'Qui c’è un pezzo di codice.', rest: 'Il resto non viene letto.' },
  ja: { code: 'ここにコードがあります。', rest: '続きは読み上げません。' },
  nb: { code: 'Her står et stykke kode.', rest: 'Resten blir ikke lest.' },
  nl: { code: 'Hier staat een stuk code.', rest: 'De rest wordt niet voorgelezen.' },
  pl: { code: 'Tu jest fragment kodu.', rest: 'Reszta nie jest czytana.' },
  pt: { code: 'Aqui há um trecho de código.', rest: 'O resto não é lido.' },
  ru: { code: 'Здесь фрагмент кода.', rest: 'Остальное не читается.' },
  sv: { code: 'Här står en bit kod.', rest: 'Resten läses inte upp.' },
};
