import { describe, expect, it } from 'vitest';
import { englishLanguageName, primaryLanguage } from '../../../wire/language.ts';

describe('the language of a code', () => {
  it('leaves out region and script, and is spelled as BCP 47 spells it today', () => {
    const codes = ['de', 'de-AT', 'DE-ch', 'pt-BR', 'zh-Hant-TW', 'cmn', 'iw', 'no', 'grc', 'sr-Cyrl'];
    expect(codes.map(primaryLanguage)).toEqual(['de', 'de', 'de', 'pt', 'zh', 'zh', 'he', 'nb', 'grc', 'sr']);
  });

  it('is none where the code is none, or stands for no single language', () => {
    for (const code of ['', 'Deutsch', 'German', 'de_DE', 'd', 'und', 'mul', 'zxx', 'de\n', 'xyzzy']) {
      expect(primaryLanguage(code), code).toBeUndefined();
    }
  });

  it('has a name in English, or is called what it is', () => {
    expect(englishLanguageName('el')).toBe('Greek');
    expect(englishLanguageName('pt-BR')).toBe('Brazilian Portuguese');
    expect(englishLanguageName('no code at all')).toBe('no code at all');
  });
});
