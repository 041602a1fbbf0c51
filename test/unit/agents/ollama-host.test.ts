import { describe, expect, it } from 'vitest';
import { readOllamaHost } from '../../../agents/providers/ollama-host.ts';

describe('an OLLAMA_HOST', () => {
  it.each([
    ['127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['127.0.0.1', 'http://127.0.0.1:11434'],
    [' box ', 'http://box:11434'],
    ['box:80', 'http://box'],
    [':8080', 'http://127.0.0.1:8080'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['http://0.0.0.0:1234', 'http://127.0.0.1:1234'],
    ['[::]:1234', 'http://[::1]:1234'],
    ['http://box', 'http://box'],
    ['https://box/models/', 'https://box/models'],
    ['box/models', 'http://box:11434/models'],
  ])('%j leads to %s', (text, host) => {
    expect(readOllamaHost(text)).toEqual({ host, headers: {} });
  });

  it('gives its name and password as a header', () => {
    expect(readOllamaHost('https://me:w%20rd@box')).toEqual({
      host: 'https://box',
      headers: { Authorization: `Basic ${Buffer.from('me:w rd').toString('base64')}` },
    });
  });

  it.each(['', 'http://', 'ftp://box', 'box:port'])('cannot be %j', (text) => {
    expect(() => readOllamaHost(text)).toThrow(
      `ollama: "${text}" is no address; set OLLAMA_HOST to one such as`,
    );
  });
});
