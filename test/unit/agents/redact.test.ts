import { describe, expect, it } from 'vitest';
import { quoteBriefly, redactSecrets } from '../../../agents/redact.ts';

const key = 'correct-horse-battery';

describe('redacting', () => {
  it.each([
    ['a key', `bad key ${key}!`, 'bad key [key]!'],
    ['the beginning of a key', 'bad key correct-horse…', 'bad key [key]…'],
    ['the end of a key', 'bad key …-battery', 'bad key …[key]'],
    ['a key with its middle starred out', 'Incorrect API key: corr*****tery.', 'Incorrect API key: [key].'],
    ['keys of others', 'use sk-ant-api03-abcDEF or sk-proj-12…34', 'use [key] or [key]'],
    ['a header', 'Authorization: Bearer abc.def', 'Authorization: [key]'],
    ['a password in a URL', 'https://me:word@host/v1', 'https://[key]@host/v1'],
  ])('takes out %s', (_what, text, redacted) => {
    expect(redactSecrets(text, [key])).toBe(redacted);
  });

  it('leaves ordinary words alone, those of an unset or very short secret included', () => {
    const text = 'the key-value store of sk-learn is **bold**, a@b, https://host/a@b';
    expect(redactSecrets(text, [undefined, '', 'the'])).toBe(text);
  });

  it('quotes others on one line, without control characters, and briefly', () => {
    expect(quoteBriefly('one\r\n\u001b[31m two\u0007', [])).toBe('one [31m two');
    const long = quoteBriefly('x'.repeat(1_000), []);
    expect(long).toHaveLength(200);
    expect(long.endsWith('…')).toBe(true);
  });

  it('redacts before it shortens, so that no half of a key is left', () => {
    expect(quoteBriefly(`${'x'.repeat(190)} ${key}`, [key])).not.toContain('corr');
  });
});
