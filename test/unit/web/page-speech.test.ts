import { describe, expect, it } from 'vitest';
import { chooseVoices } from '../../../web/page/speech/browser-voices.ts';
import { utterancesOf } from '../../../web/page/speech/utterances.ts';
import type { Voice } from '../../../speech/voices.ts';

const voice = (
  name: string,
  lang: string,
  localService = true,
): { name: string; lang: string; default: boolean; localService: boolean } => ({
  name,
  lang,
  default: false,
  localService,
});
const wanted = (lang: string, gender?: 'f' | 'm'): Voice => ({
  lang,
  gender,
  name: undefined,
  isSecond: false,
});

describe('the voices of a browser', () => {
  it('are chosen by language, then by gender', () => {
    const all = [
      voice('Daniel', 'en-GB'),
      voice('Samantha', 'en-US'),
      voice('Anna', 'de-DE'),
      voice('Markus', 'de_DE'),
    ];
    const { a, b } = chooseVoices({ a: wanted('en', 'f'), b: wanted('de', 'm') }, all);
    expect([a.voice?.name, b.voice?.name]).toEqual(['Samantha', 'Markus']);
    expect([a.pitch, b.pitch]).toEqual([1, 1]);
  });

  it('differ in pitch where there is only one', () => {
    const { a, b } = chooseVoices({ a: wanted('el', 'f'), b: wanted('el', 'm') }, [voice('Melina', 'el-GR')]);
    expect(a.voice).toBe(b.voice);
    expect(a.pitch).toBeGreaterThan(b.pitch);
  });

  it('are those of this machine where it has any: others send away what is said', () => {
    const all = [voice('Far away', 'en-US', false), voice('Near', 'en-US')];
    expect(chooseVoices({ a: wanted('en'), b: wanted('en') }, all).a.voice?.name).toBe('Near');
  });

  it('are left to the browser where none speaks the language', () => {
    expect(chooseVoices({ a: wanted('fi'), b: wanted('en') }, [voice('Near', 'en-US')]).a).toMatchObject({
      voice: undefined,
      lang: 'fi',
    });
  });
});

describe('what is said at a time', () => {
  it('is a sentence, and of a long one a part that ends between words', () => {
    expect(utterancesOf('One. Two!\nThree')).toEqual(['One.', 'Two!', 'Three']);
    const pieces = utterancesOf('word '.repeat(100));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(180);
    expect(pieces.join(' ')).toBe('word '.repeat(100).trim());
    expect(utterancesOf('')).toEqual([]);
  });
});
