import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Eliza } from '../../../agents/eliza/eliza.ts';
import { doctorPath, loadElizaScript } from '../../../agents/eliza/load-script.ts';
import { readYamlScript } from '../../../agents/eliza/yaml-script.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const head = `about: a test
greetings: [hello]
goodbyes: [bye]
none: [Go on., And then?, Hm.]
`;

const script = (rest: string) => readYamlScript(head + rest, 's.yml');

function converse(rest: string, messages: readonly string[]): string[] {
  const eliza = new Eliza(script(rest), () => 0);
  return messages.map((message) => eliza.answer(message));
}

test('a reply in sentences keeps names, begins with a capital and says "I"', () => {
  const rules = `
corrections: { 'i are': I am, 'for i': for me, 'i .': me }
keywords:
  - { words: [me], as: you }
  - { words: [you], as: i }
  - words: [my]
    as: your
    rules: [{ when: 0 your 0, say: ['your {3}, you say ?'] }]
`;
  expect(converse(rules, ['My uncle Kowalski thinks you are for you'])).toEqual([
    'Your uncle Kowalski thinks I am for me, you say?',
  ]);
});

test('a reply that would give back nothing, too much, or the same again is passed over', () => {
  const rules = `
longest_echo: 3
no_repeat_within: 2
keywords:
  - words: [my]
    rules:
      - { when: 0 my 0, say: ['Your {3}?'] }
      - { when: '0', say: [Yours.] }
`;
  const answers = converse(rules, ['my hat', 'my', 'my hat on a hook', 'my', 'my hat', 'my hat']);
  expect(answers).toEqual(['Your hat?', 'Yours.', 'Go on.', 'And then?', 'Your hat?', 'Yours.']);
});

test('with "clause: strongest" the clause with the highest rank is answered, of equals the last', () => {
  const rules = `
clause: strongest
keywords:
  - { words: [cat], rank: 1, rules: [{ when: 0 cat 0, say: ['A cat {3}.'] }] }
  - { words: [dog], rank: 2, rules: [{ when: 0 dog 0, say: ['A dog {3}.'] }] }
`;
  expect(converse(rules, ['The dog barks. The cat sits.', 'Dog one, dog two.'])).toEqual([
    'A dog barks.',
    'A dog two.',
  ]);
});

test('a keyword links to another, and PRE hands on a new text', () => {
  const rules = `
keywords:
  - { words: [boat, yacht], link: ship }
  - { words: [sail], rules: [{ when: 0 sail 0, say: [{ pre: 'ship {3}', then: ship }, =boat, newkey] }] }
  - { words: [ship], rules: [{ when: ship 0, say: ['Whither {2}?'] }, { say: [What ship?] }] }
`;
  expect(converse(rules, ['yacht', 'we sail north', 'sail', 'sail'])).toEqual([
    'What ship?',
    'Whither north?',
    'What ship?',
    'Go on.',
  ]);
});

test.each([
  ['keywords: [{ words: [a], rnak: 3 }]', '5:26 unknown key "rnak", did you mean "rank"?'],
  ['keywords: [{ words: [a], rank: high }]', '5:26 rank: Invalid input: expected number, received string'],
  ['keywords: [{ words: [a], link: b }]', '5:26 there is no keyword "b"'],
  [
    'keywords: [{ words: [a], rules: [{ say: [=b] }] }, { words: [b], as: c }]',
    '5:42 the keyword "b" has nothing to say',
  ],
  [
    'keywords: [{ words: [a], rules: [{ when: 0 a 0, say: ["{4}"] }] }]',
    '5:55 there is no part {4} in the decomposition',
  ],
  ['keywords: [{ words: [a], rules: [{ when: 0 (a 0, say: [x] }] }]', '5:36 this "(" is never closed'],
  ['keywords: [{ words: [a], rules: [{ when: (/kin), say: [x] }] }]', '5:36 there is no tag "kin"'],
  ['keywords: [{ words: [a] }, { words: [A] }]', '5:38 there is a rule for "A" already'],
  ['keywords: []\nmemory: [{ keyword: a, rules: [{ when: 0, say: b }] }]', '6:12 there is no keyword "a"'],
  ['keywords: []\nkeywords: []', '6:1 Map keys must be unique'],
  ['keywords: [', '5:12 Flow sequence in block collection must be sufficiently indented and end with a ]'],
])('a wrong script is refused with its place (%#)', (rest, problem) => {
  expect(() => script(rest)).toThrow(
    expect.objectContaining({ message: `s.yml:${problem}`, code: 'bad-script' }),
  );
});

test('all unknown and missing keys are named at once', () => {
  expect(() => readYamlScript('about: x\ncolour: red\nsize: 3\n', 's.yml')).toThrow(
    /^s\.yml:\d+:1 .*\n.*\n[^]*unknown key "colour"[^]*unknown key "size"/,
  );
});

test('a file that is not there or is no text is refused by its name', async () => {
  const folder = await temporaryFolder();
  const binary = path.join(folder, 'binary.yml');
  await writeFile(binary, Buffer.from([0xff, 0xfe, 0x80]));
  expect(() => loadElizaScript(path.join(folder, 'no.yml'))).toThrow(/no\.yml:1:1 there is no such file$/);
  expect(() => loadElizaScript(binary)).toThrow(/binary\.yml:1:1 cannot be read as text/);
});

test('the doctor that comes with the program has many words and never sends anybody in circles', () => {
  const doctor = loadElizaScript(doctorPath);
  expect(doctor.keywords.size).toBeGreaterThan(150);
  expect(doctor.none.reassemblies.length).toBeGreaterThan(25);
  for (const [word] of doctor.keywords) {
    const eliza = new Eliza(doctor, () => 0);
    expect(eliza.answer(`and then my ${word.toLowerCase()} was with you`)).toMatch(/^[A-Z"].*[.?!]$/);
  }
});
