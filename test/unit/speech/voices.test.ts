import { describe, expect, it } from 'vitest';
import { parseEspeakLanguages } from '../../../speech/engines.ts';
import { chooseSayVoice, parseSayVoices } from '../../../speech/say-voices.ts';
import { canonicalLanguage, castVoices, type Voice } from '../../../speech/voices.ts';

const casting = { names: {}, lang: 'en' };

describe('castVoices', () => {
  it('goes by language and gender', () => {
    const { a, b } = castVoices(
      { a: { name: 'Lise', lang: 'de', gender: 'f' }, b: { name: 'Σωκράτης', lang: 'el', gender: 'm' } },
      casting,
    );
    expect(a).toEqual({ lang: 'de', gender: 'f', name: undefined, isSecond: false });
    expect(b).toEqual({ lang: 'el', gender: 'm', name: undefined, isSecond: false });
  });

  it('tells two of one language and gender apart', () => {
    const ada = { name: 'Ada', lang: 'en', gender: 'f' };
    const { a, b } = castVoices({ a: ada, b: { ...ada, name: 'Petra', lang: 'en-GB' } }, casting);
    expect([a.isSecond, b.isSecond]).toEqual([false, true]);
    expect(castVoices({ a: ada, b: { ...ada, gender: 'm' } }, casting).b.isSecond).toBe(false);
    expect(castVoices({ a: ada, b: { ...ada, lang: 'fr' } }, casting).b.isSecond).toBe(false);
  });

  it.each([
    [{ en: 'plain' }, 'plain'],
    [{ en: 'plain', 'en-gb': 'british' }, 'british'],
    [{ 'en-GB': 'british', 'en-f': 'woman' }, 'woman'],
    [{ 'en-f': 'woman', 'en-GB-f': 'british woman' }, 'british woman'],
    [{ 'en-GB-f': 'british woman', 'ada lovelace': 'hers' }, 'hers'],
    [{ f: 'any woman' }, 'any woman'],
    [{ m: 'any man', de: 'german' }, undefined],
  ])('takes the most particular of %j', (names, expected) => {
    const ada = { name: 'Ada Lovelace', lang: 'en-GB', gender: 'f' };
    expect(castVoices({ a: ada, b: ada }, { names, lang: 'en' }).a.name).toBe(expected);
  });

  it.each([
    ['female', 'f'],
    ['M', 'm'],
    ['n', undefined],
    ['robot', undefined],
    [undefined, undefined],
  ])('takes the gender %j for %j', (gender, expected) => {
    const speaker = { name: 'X', ...(gender === undefined ? {} : { gender }) };
    expect(castVoices({ a: speaker, b: speaker }, casting).a.gender).toBe(expected);
  });

  it('does not believe a peer that sends something else for a language', () => {
    const speaker = { name: 'X', lang: 'en --out /etc/passwd' };
    expect(castVoices({ a: speaker, b: speaker }, { names: {}, lang: 'fr' }).a.lang).toBe('fr');
  });
});

describe('canonicalLanguage', () => {
  it.each([
    ['pt_br', 'pt-BR'],
    ['DE', 'de'],
    ['ell', 'el'],
    ['zh-hant-TW', 'zh-Hant-TW'],
    ['', undefined],
    ['../../x', undefined],
    ['-v', undefined],
    ['english', undefined],
    ['en;reboot', undefined],
    [undefined, undefined],
  ])('makes of %j %j', (tag, expected) => {
    expect(canonicalLanguage(tag)).toBe(expected);
  });
});

describe('the voices of say', () => {
  const list = [
    'Albert              en_US    # Hello! My name is Albert.',
    'Alice               it_IT    # Ciao! Mi chiamo Alice.',
    'Anna                de_DE    # Hallo! Ich heiße Anna.',
    'Daniel              en_GB    # Hello! My name is Daniel.',
    'Eddy (German (Germany)) de_DE    # Hallo! Ich heiße Eddy.',
    'Samantha            en_US    # Hello! My name is Samantha.',
    'Sandy (German (Germany)) de_DE    # Hallo! Ich heiße Sandy.',
    '',
  ].join('\n');
  const voices = parseSayVoices(list);
  const choose = (wanted: Partial<Voice>): string | undefined =>
    chooseSayVoice(voices, { lang: 'en', gender: undefined, name: undefined, isSecond: false, ...wanted });

  it('are read from its list, names with blanks and brackets too', () => {
    expect(voices).toHaveLength(7);
    expect(voices[4]).toEqual({ name: 'Eddy (German (Germany))', lang: 'de-DE' });
  });

  it.each([
    [{ lang: 'de', gender: 'f' }, 'Anna'],
    [{ lang: 'de', gender: 'f', isSecond: true }, 'Sandy (German (Germany))'],
    [{ lang: 'de-AT', gender: 'm' }, 'Eddy (German (Germany))'],
    [{ lang: 'en-GB', gender: 'f' }, 'Samantha'],
    [{ lang: 'en-GB' }, 'Daniel'],
    [{ lang: 'it', gender: 'm' }, 'Alice'],
    [{ lang: 'el' }, undefined],
  ] as const)('are chosen for %j: %j', (wanted, expected) => {
    expect(choose(wanted)).toBe(expected);
  });
});

it('the languages of espeak-ng are read from its list, other names for them too', () => {
  const list = [
    'Pty Language       Age/Gender VoiceName          File                 Other Languages',
    ' 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)',
    ' 5  fr-be           --/M      French_(Belgium)   roa/fr-BE            (fr 8)',
    ' 5  el              --/M      Greek              grk/el               ',
  ].join('\n');
  expect([...parseEspeakLanguages(list)].sort()).toEqual(['cmn', 'el', 'fr', 'zh']);
  expect([...parseEspeakLanguages('')]).toEqual([]);
});
