import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanReply, createReplyCleaner } from '../../../agents/clean-reply.ts';

describe('cleaning a reply', () => {
  it.each([
    ['a role header', '<|im_start|>assistant\nHello.<|im_end|>', 'Hello.'],
    ['headers of Llama 3', '<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>', 'Hello.'],
    ['tokens of Phi', 'Hello.<|end|>', 'Hello.'],
    ['tokens of Gemma', '<start_of_turn>model\nHello.<end_of_turn>', 'Hello.'],
    ['tokens of DeepSeek', 'Hello.<｜end▁of▁sentence｜>', 'Hello.'],
    ['tokens of Mistral', '<s>[INST] <<SYS>> Hello <</SYS>> [/INST] there</s>', 'Hello   there'],
    ['a sentence token at either end', '<s> Hello. </s>\n', 'Hello.'],
    ['any token between bars', 'Hel<|fim_middle|>lo.', 'Hello.'],
    ['thinking', '<think>\nHm.\n</think>\n\nHello.', 'Hello.'],
    ['thinking under its longer name', '<thinking>Hm.</thinking>Hello.', 'Hello.'],
    ['thinking in the middle', 'Hello <think>hm</think>there.', 'Hello there.'],
    ['thinking that never ends', '<think>Hm. Hello?', ''],
    ['thinking whose beginning stood in the template', 'Hm.\nWell.\n</think>\n\nHello.', 'Hello.'],
    [
      'channels of gpt-oss',
      '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.',
      'Hello.',
    ],
    ['white space around', '\n\n Hello.\n', 'Hello.'],
  ])('takes out %s', (_what, reply, cleaned) => {
    expect(cleanReply(reply)).toBe(cleaned);
  });

  it.each([
    ['<think>\nHm.\n</think>\n\nHello.', '\nHm.\n'],
    ['Hello <thinking>hm</thinking>there.<think>Well.</think>', 'hmWell.'],
    ['<think>Hm. Hello?', 'Hm. Hello?'],
    ['Hm.\n</think>\n\nHello.', 'Hm.'],
    ['I love the <think> tag.', ''],
  ])('keeps what it took for thinking in %j apart', (reply, thoughts) => {
    for (const size of [1, 3, reply.length]) {
      const cleaner = createReplyCleaner();
      for (let at = 0; at < reply.length; at += size) cleaner.push(reply.slice(at, at + size));
      cleaner.end();
      expect(cleaner.thoughts).toBe(thoughts);
    }
  });

  it.each([
    ['markup in the middle', 'It costs <s>five</s> four <b>coins</b>.'],
    ['comparisons', 'if a <| b |> c and x<y then [I] go [INSTEAD]'],
    ['tokens in inline code', 'The token `<|im_end|>` ends, ``<think>`x`</think>`` thinks.'],
    ['tokens in fenced code', 'Look:\n\n```text\n<|im_start|>user\n<think>\n```\n\nSee?'],
    ['tokens in a fence of tildes', '~~~\n```\n<|eot_id|>\n~~~'],
    ['a fence line that names a language, inside a fence', '````md\n```js\n<|eot_id|>\n```\n````'],
    ['tokens in a fence that never ends', '```\n<|eot_id|> x'],
    ['a tag of thinking that never ends, in the middle of words', 'I love the <think> tag.'],
    ['a word that only begins like a role', 'im_start assistants'],
  ])('leaves %s alone', (_what, reply) => {
    expect(cleanReply(reply)).toBe(reply);
  });

  it.each([
    ['a backtick without a partner', 'the `quick fox<|im_end|>', 'the `quick fox'],
    ['a paragraph with an open backtick', 'a `b\n\nc<|im_end|>` d', 'a `b\n\nc` d'],
    ['a fence that was closed', '```\n<|x|>\n```\nend<|x|>', '```\n<|x|>\n```\nend'],
    ['three backticks within a line', 'a ```<|x|>``` b<|x|>', 'a ```<|x|>``` b'],
    ['an end of thinking within a line', 'The </think> tag.', 'The  tag.'],
  ])('knows where code ends: %s', (_what, reply, cleaned) => {
    expect(cleanReply(reply)).toBe(cleaned);
  });
});

describe('cleaning a reply as it comes', () => {
  it('gives words at once and holds back what may become a token', () => {
    const cleaner = createReplyCleaner();
    expect(cleaner.push('Hello ')).toEqual({ text: 'Hello', restart: false });
    expect(cleaner.push('there <|im')).toEqual({ text: ' there', restart: false });
    expect(cleaner.push('_end|>')).toEqual({ text: '', restart: false });
    expect(cleaner.end()).toEqual({ rest: '', text: 'Hello there', restart: false });
  });

  it('tells when all that was given turned out to be thinking', () => {
    const cleaner = createReplyCleaner();
    expect(cleaner.push('Hm.\n')).toEqual({ text: 'Hm.', restart: false });
    expect(cleaner.push('</think>\nHello')).toEqual({ text: 'Hello', restart: true });
    expect(cleaner.end().text).toBe('Hello');
  });

  it('gives a beginning of the cleaned reply at every moment, however the reply is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(prose, token), { maxLength: 12 }),
        fc.infiniteStream(fc.nat(7)),
        (parts, cuts) => {
          const reply = parts.join('');
          const cleaned = cleanReply(reply);
          const cleaner = createReplyCleaner();
          const shown: string[] = [];
          let sinceRestart = 0;
          for (let rest = reply; rest !== '';) {
            const length = 1 + (cuts.next().value as number);
            const { text, restart } = cleaner.push(rest.slice(0, length));
            rest = rest.slice(length);
            shown.push((restart ? '' : (shown.at(-1) ?? '')) + text);
            if (restart) sinceRestart = shown.length - 1;
          }
          const { rest, text, restart } = cleaner.end();
          expect(text).toBe(cleaned);
          if (restart) return;
          expect((shown.at(-1) ?? '') + rest).toBe(cleaned);
          for (const beginning of shown.slice(sinceRestart)) expect(cleaned.startsWith(beginning)).toBe(true);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('never takes anything back where no thought ends that never began', () => {
    const harmless = fc.oneof(prose, token).filter((part) => !/think|final/.test(part));
    fc.assert(
      fc.property(fc.array(harmless, { maxLength: 12 }), (parts) => {
        const cleaner = createReplyCleaner();
        for (const part of parts) expect(cleaner.push(part).restart).toBe(false);
      }),
    );
  });

  it('takes time in proportion to the length, thought, white space and open code included', () => {
    const timeOf = (pieces: number): number => {
      const startedAt = performance.now();
      for (const piece of ['word ', '\n', ' <think>hm', ' `', '<', '```\nx\n']) {
        const cleaner = createReplyCleaner();
        cleaner.push('Words. ');
        for (let count = 0; count < pieces; count++) cleaner.push(piece);
        cleaner.end();
      }
      return performance.now() - startedAt;
    };
    timeOf(2_000);
    // Sixteen times as much may take forty times as long, but not 256 times; the machine may have been busy once or twice.
    const longest = Math.min(...[1, 2, 3].map(() => timeOf(32_000)));
    expect(longest).toBeLessThan(40 * Math.max(timeOf(2_000), 5));
  });
});

const prose = fc.oneof(
  fc.constantFrom(
    'Hello',
    ' there',
    '\n',
    '\n\n',
    ' ',
    'a < b',
    '[1]',
    'x',
    'assistant',
    '`',
    '``',
    '```',
    '~~~',
    '<b>',
  ),
  fc.string({ maxLength: 5 }),
);
const token = fc.constantFrom(
  '<|im_start|>assistant\n',
  '<|im_start|>',
  '<|im_end|>',
  '<s>',
  '</s>',
  '[INST]',
  '[/INST]',
  '<<SYS>>',
  '<start_of_turn>model\n',
  '<end_of_turn>',
  '<think>',
  '</think>',
  '<thinking>',
  '</thinking>',
  '<|channel|>final',
  '```js\n',
  '\n```\n',
);
