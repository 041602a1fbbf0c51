import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, Provider } from '../../../agents/provider.ts';
import { createScripted } from '../../../agents/providers/scripted.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** A conversation in which the provider has spoken so often already. */
function after(turns: number): ChatMessage[] {
  const exchange: ChatMessage[] = [
    { role: 'user', content: 'and then?' },
    { role: 'assistant', content: 'well' },
  ];
  return [...Array.from({ length: turns }, () => exchange).flat(), { role: 'user', content: 'and then?' }];
}

async function say(provider: Provider, turns = 0, signal = new AbortController().signal) {
  const pieces: string[] = [];
  for await (const piece of provider.reply({ system: '', messages: after(turns), signal })) {
    if (piece.type === 'end') return { text: pieces.join(''), pieces, end: piece };
    if ('text' in piece) pieces.push(piece.text);
  }
  throw new Error('no end');
}

async function fileOf(name: string, content: string): Promise<string> {
  const file = path.join(await temporaryFolder(), name);
  await writeFile(file, content);
  return file;
}

describe('a scripted provider', () => {
  it('gives the n-th reply for its n-th turn, whatever it was asked before', async () => {
    const provider = createScripted(['one', 'two', 'three']);
    expect((await say(provider, 2)).text).toBe('three');
    expect((await say(provider, 0)).text).toBe('one');
    expect((await say(provider, 1)).text).toBe('two');
  });

  it.each([
    [undefined, '/bye'],
    ['bye', '/bye'],
    ['repeat-last', 'two'],
  ] as const)('ends its list as at_end says: %s', async (atEnd, text) => {
    const provider = createScripted({ replies: ['one', 'two'], ...(atEnd ? { at_end: atEnd } : {}) });
    expect((await say(provider, 7)).text).toBe(text);
  });

  it('can fail at the end of its list', async () => {
    const provider = createScripted({ replies: ['one'], at_end: 'error' });
    await expect(say(provider, 1)).rejects.toMatchObject({
      message: 'scripted: there are only 1 replies',
      retryable: false,
    });
  });

  it('streams words, or pieces of so many characters, and never half a character', async () => {
    expect((await say(createScripted(['Well, my  dear.\n']))).pieces).toEqual([
      'Well,',
      ' my',
      '  dear.',
      '\n',
    ]);
    expect((await say(createScripted([{ text: 'a😀b😀c', chunk: 2 }]))).pieces).toEqual(['a😀', 'b😀', 'c']);
  });

  it('waits, reports usage and says why it stopped', async () => {
    const waits: number[] = [];
    const provider = createScripted(
      [{ text: 'one', delay_ms: 1_500, usage: { input: 7, output: 1 }, finish: 'length' }],
      { sleep: async (delayMs) => waits.push(delayMs) },
    );
    expect((await say(provider)).end).toEqual({
      type: 'end',
      finish: 'length',
      usage: { input: 7, output: 1, cached: 0 },
    });
    expect(waits).toEqual([1_500]);
  });

  it('fails as often as its script wants before it answers', async () => {
    const error = { message: 'slow down', status: 429, retry_after_ms: 50, times: 2 };
    const provider = createScripted([{ text: 'one', error }, { error: { message: 'no' } }]);
    const refusal = {
      code: 'rate-limited',
      retryable: true,
      retryAfterMs: 50,
      message: 'scripted: slow down',
    };
    await expect(say(provider)).rejects.toMatchObject(refusal);
    await expect(say(provider)).rejects.toMatchObject(refusal);
    expect((await say(provider)).text).toBe('one');
    await expect(say(provider, 1)).rejects.toMatchObject({ retryable: false });
    await expect(say(provider, 1)).rejects.toMatchObject({ retryable: false });
  });

  it('ends at once in the middle of a delay', async () => {
    const provider = createScripted([{ text: 'one', delay_ms: 60_000 }]);
    await expect(say(provider, 0, AbortSignal.timeout(10))).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a file of replies', () => {
  it.each([
    ['a list in YAML', 'replies.yml', '- one\n- text: two\n'],
    ['a mapping in YAML', 'replies.yaml', 'at_end: error\nreplies:\n  - one\n  - two\n'],
    ['a list in JSON', 'replies.json', '["one", {"text": "two"}]'],
    ['texts between lines', 'replies.txt', '---\none\n---\r\ntwo\n---\n'],
  ])('may be %s', async (_what, name, content) => {
    const provider = createScripted(await fileOf(name, content));
    expect(provider.model).toBe('replies');
    expect([(await say(provider, 0)).text, (await say(provider, 1)).text]).toEqual(['one', 'two']);
  });

  it.each([
    ['a key it does not know', '- one\n- txt: two\n', ':2:3 unknown key "txt", did you mean "text"?'],
    ['one within a mapping', 'replies:\n  - text: 7\n', ':2:11 text must be a string, not 7'],
    ['a reply that is neither', '- one\n- 7\n', ':2:3 must be a mapping, not 7'],
    ['an end it does not know', 'at_end: bi\nreplies: [a]\n', ':1:9 at_end must be one of bye'],
    ['no reply at all', 'replies: []\n', ':1:10 replies must not be empty'],
    ['broken YAML', '- "one\n', ':2:1 Missing closing "quote'],
  ])('is refused for %s, with its place', async (_what, content, problem) => {
    const file = await fileOf('replies.yml', content);
    const refused = expect.objectContaining({ code: 'bad-script' }) as Error;
    expect(() => createScripted(file)).toThrow(refused);
    expect(() => createScripted(file)).toThrow(`${file}${problem}`);
  });

  it('is refused with all its mistakes at once', async () => {
    const file = await fileOf('replies.yml', '- txt: a\n- text: 7\n');
    expect(() => createScripted(file)).toThrow(/:1:3 .*\n.*:2:9 /);
  });

  it('is refused when it is not there, or holds nothing', async () => {
    const missing = path.join(await temporaryFolder(), 'no.yml');
    expect(() => createScripted(missing)).toThrow(`${missing}:1:1 there is no such file`);
    const empty = await fileOf('replies.txt', '---\n\n---\n');
    expect(() => createScripted(empty)).toThrow(`${empty}:1:1 holds no reply`);
  });
});
