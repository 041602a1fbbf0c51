import { describe, expect, it } from 'vitest';
import { toPlainSpeech, type PlainSpeechOptions } from '../../../speech/plain-speech.ts';

function speak(turn: string, options: Partial<PlainSpeechOptions> = {}): string {
  return toPlainSpeech(turn, { lang: 'en', code: 'announce', maxCharacters: 4_000, ...options });
}

describe('toPlainSpeech', () => {
  it.each([
    ['emphasis', 'That is **very** *much* ***so***, ~~no~~ _yes_.', 'That is very much so, no yes.'],
    ['a heading', '# On Bees\nThey dance.', 'On Bees.\nThey dance.'],
    ['a heading that asks', '## Why?\n\nBecause.', 'Why?\nBecause.'],
    ['a bulleted list', '- one\n- two\n  - within\n* three', 'one.\ntwo.\nwithin.\nthree.'],
    ['a numbered list', '3. three\n4. four', '3: three.\n4: four.'],
    ['a list of tasks', '- [x] done\n- [ ] open', 'done.\nopen.'],
    ['the text of a link', 'See [the paper](https://a.example/x?y=z "title").', 'See the paper.'],
    ['the host of an address', 'See https://www.example.org/a/b?c=d#e.', 'See example.org.'],
    ['the host of an address between brackets', '<https://user:pw@example.org/a>', 'example.org.'],
    [
      'the host of an address in a link',
      '[https://example.org/long/path](https://b.example)',
      'example.org.',
    ],
    ['what is said of a picture', '![a red barn](https://a.example/b.png)', 'a red barn.'],
    ['a picture without words', 'Look: ![](https://a.example/b.png)', 'Look:'],
    ['a quote', '> To be\n> or not\n\nHe said.', 'To be or not.\nHe said.'],
    ['a rule', 'One.\n\n---\n\nTwo.', 'One.\nTwo.'],
    ['what is escaped', '1 \\* 2 \\_ 3', '1 2 3.'],
    ['entities', 'R&amp;D &lt;3 &#65;', 'R&D <3 A.'],
    ['comparisons', 'If 3 < 5 and 7 > 2, then R&D.', 'If 3 < 5 and 7 > 2, then R&D.'],
    ['tags', 'This is <b>bold</b><br/>and <!-- not --> that.', 'This is bold and that.'],
    [
      'inline code',
      'Call `max_retries` or `parseInt(x)`, not `os.path`.',
      'Call max retries or parse Int x, not os path.',
    ],
    ['numbers in inline code', 'It is `3.14` or `-2`.', 'It is 3.14 or -2.'],
    ['emoji', 'Well done 👍🏽! 👨‍👩‍👧 ❤️ 🇬🇷 ©', 'Well done! ©.'],
    ['keycaps', '1️⃣ first', '1 first.'],
    ['stars of roleplay', '*smiles* Hello.', 'smiles Hello.'],
    [
      'verse',
      'O Rose thou art sick\nThe invisible worm\nthat flies',
      'O Rose thou art sick, The invisible worm that flies.',
    ],
    ['other scripts', '**Τί ἐστι;** 你好。', 'Τί ἐστι; 你好。'],
    ['joined letters', 'क्\u200dष', 'क्\u200dष.'],
  ])('says %s', (_, turn, spoken) => {
    expect(speak(turn)).toBe(spoken);
  });

  it('reads a table row by row, with the heads of its columns', () => {
    const table = '| Name | Born |\n| :-- | --: |\n| **Ada** | 1815 |\n| Lise |  |\n';
    expect(speak(`They:\n\n${table}`)).toBe('They:\nName: Ada; Born: 1815.\nName: Lise.');
  });

  it.each([
    ['a fenced block', 'Look:\n```python\nprint("x")\n```\nDone.'],
    ['a fence of tildes', 'Look:\n~~~\nx\n~~~\nDone.'],
    ['several blocks in a row', 'Look:\n```\nx\n```\n\n```js\ny\n```\nDone.'],
    ['a block that is run', 'Look:\n\nRUN-CODE\n```python\nx = 1\n```\nDone.'],
    ['a marked test', 'Look:\n\n**TEST-ASSERT:**\n```python\nassert x\n```\nDone.'],
    ['a marker beside its fence', 'Look:\nRUN-CODE ```python\nx\n```\nDone.'],
    ['a marker in small letters', 'Look:\nrun-code\n\n```python\nx\n```\nDone.'],
    ['indented code', 'Look:\n\n    x = 1\n\nDone.'],
  ])('puts a phrase in place of %s', (_, turn) => {
    expect(speak(turn)).toBe('Look:\nA piece of code.\nDone.');
    expect(speak(turn, { code: 'skip' })).toBe('Look:\nDone.');
  });

  it('says the phrase in the language of the speaker, or not at all', () => {
    const turn = 'A.\n```\nx\n```\n';
    expect(speak(turn, { lang: 'de-AT' })).toBe('A.\nHier steht ein Stück Code.');
    expect(speak(turn, { lang: 'el' })).toBe('A.\nΕδώ υπάρχει κώδικας.');
    expect(speak(turn, { lang: 'tlh' })).toBe('A.');
  });

  it('reads no code of a fence that is never closed, and finds code in lists and quotes', () => {
    expect(speak('Look:\n```\nrm -rf /\nmore')).toBe('Look:\nA piece of code.');
    expect(speak('1. Do\n   ```\n   secret\n   ```\n2. Done')).not.toContain('secret');
    expect(speak('> ```\n> secret\n> ```\n\nDone.')).toBe('A piece of code.\nDone.');
  });

  it('knows a marker from a word', () => {
    expect(speak('What does run-code mean?')).toBe('What does run-code mean?');
    expect(speak('RUN-CODE\n\nNothing below.')).toBe('Nothing below.');
  });

  it('leaves out long inline code', () => {
    expect(speak(`Use \`${'x + '.repeat(40)}\` here.`)).toBe('Use here.');
  });

  it.each(['/bye', '', '   \n', '😀', '---', '***', '/end', '. . .'])('has nothing to say of %j', (turn) => {
    expect(speak(turn)).toBe('');
  });

  it('takes the control tokens off the ends', () => {
    expect(speak('So long. /bye')).toBe('So long.');
    expect(speak('/bye So long.')).toBe('So long.');
    expect(speak('We say /bye to part.')).toBe('We say /bye to part.');
  });

  it.each([
    [
      'phonemes of espeak-ng and commands of say',
      "[[h@l'oU]] [[rate 500]] [[[[x]]]] \\[\\[y\\]\\] &#91;&#91;z]]",
    ],
    ['brackets that meet when something between them goes', '[😀[rate 1]😀] [\u200b[x] [**[**x]]'],
    ['control characters', 'a\u0001b\u001b]0;title\u0007c\u0000d\u009be\u202ef &#1; \u{f0000}'],
    [
      'SSML',
      '<speak><break time="10s"/>x</speak> &lt;audio src="http://x"/&gt; <\u200bbreak/> <![CDATA[ x ]]>',
    ],
    ['half a tag', 'a <break b'],
  ])('defuses %s', (_, turn) => {
    const spoken = speak(turn);
    expect(spoken).not.toMatch(/\[|\]/);
    expect(spoken).not.toMatch(/(?!\n|\u200c|\u200d)\p{C}/u);
    expect(spoken).not.toMatch(/<[a-z/!?]/i);
  });

  it('cuts a long turn at a sentence, and says so', () => {
    const spoken = speak('This is a sentence of some words. '.repeat(200), { maxCharacters: 500 });
    expect(spoken).toMatch(/words\.\nThe rest is not read\.$/);
    expect(spoken.length).toBeLessThan(540);
    const endless = speak('x'.repeat(5_000), { maxCharacters: 500 });
    expect(endless).toMatch(/^x{500}\.\nThe rest is not read\.$/);
    expect(speak('y. '.repeat(100), { maxCharacters: 500 })).not.toContain('rest');
  });

  it('does not count the code that it leaves out', () => {
    const code = '```\n' + 'x = 1\n'.repeat(3_000) + '```\n';
    expect(speak(`Before.\n${code}After.`, { maxCharacters: 200 })).toBe('Before.\nA piece of code.\nAfter.');
  });

  it.each([
    ['emphasis that never ends', '__a_'.repeat(250_000)],
    ['quotes in quotes', '>'.repeat(60_000) + 'deep'],
    ['lists in lists', '- '.repeat(30_000) + 'deep'],
    ['brackets', '['.repeat(500_000)],
    ['tags that never end', '<a'.repeat(500_000)],
    ['fences', '```\n'.repeat(250_000)],
    ['blanks', ' '.repeat(1_000_000)],
    ['newlines', 'a\n'.repeat(500_000)],
    ['addresses', 'http://'.repeat(100_000)],
    ['marks', '![](`'.repeat(200_000)],
  ])('is soon done with a megabyte of %s', (_, turn) => {
    const before = performance.now();
    speak(turn);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
