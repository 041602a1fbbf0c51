import { expect, test } from 'vitest';
import { FencedCode } from '../../../journal/fenced-code.ts';

const code = 'def f(x):\n    return x\n\nprint(f(1))';

test.each([
  ['fenced', '```python\n' + code + '\n```'],
  ['with CR LF', '```python\n' + code + '\n```\n'.replaceAll('\n', '\r\n')],
  ['between tildes', '~~~~ python\n' + code + '\n~~~~~'],
  ['in a list', `1. RUN-CODE\n   \`\`\`python\n${code.replace(/^(?=.)/gm, '   ')}\n   \`\`\``],
  ['behind a bullet', `- \`\`\`python\n${code.replace(/^(?=.)/gm, '  ')}\n  \`\`\``],
  ['with blank at the ends', `\`\`\`\n\n${code}  \n\n\`\`\``],
  ['in a quote', `> RUN-CODE\n> \`\`\`\n${code.replace(/^/gm, '> ')}\n> \`\`\``],
  ['below a marker inside', '```python\n# RUN-CODE\n' + code + '\n```'],
  ['beside its marker', 'RUN-CODE: ```python\n' + code + '\n```'],
  ['as the second block', `\`\`\`\nother\n\`\`\`\n\`\`\`\`\n${code}\n\`\`\`\``],
])('code %s is found', (_how, text) => {
  expect(new FencedCode(text).has(code)).toBe(true);
  expect(new FencedCode(text).has(`${code}\n`)).toBe(true);
});

test.each([
  ['only a part of the block', 'print(f(1))'],
  ['the block without its end', code.replace('\n\nprint(f(1))', '')],
  ['indented otherwise', code.replace('    return', '  return')],
  ['longer', `${code}\nprint(2)`],
])('code that is %s is not what was said', (_how, other) => {
  expect(new FencedCode('```python\n' + code + '\n```').has(other)).toBe(false);
});

test('code outside of a fence, or in one that is not closed, was not said', () => {
  expect(new FencedCode(code).has(code)).toBe(false);
  expect(new FencedCode('```\n' + code).has(code)).toBe(false);
});

test('a megabyte of fences takes no time', () => {
  const fenced = new FencedCode('```\n'.repeat(250_000));
  for (let count = 0; count < 16; count++) expect(fenced.has('x')).toBe(false);
  expect(fenced.has('```\n'.repeat(100_000) + 'x')).toBe(false);
  const quoted = new FencedCode('> > ```\n'.repeat(100_000));
  expect(quoted.has('x\n' + '```\n'.repeat(50_000))).toBe(false);
});
