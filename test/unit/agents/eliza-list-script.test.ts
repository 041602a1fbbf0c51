import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Eliza } from '../../../agents/eliza/eliza.ts';
import { readListScript } from '../../../agents/eliza/list-script.ts';

const harbour = readFileSync(new URL('../../fixtures/eliza/harbour.txt', import.meta.url), 'utf8');

/** The answers of the same ELIZA to one message after the other. */
function converse(source: string, messages: readonly string[]): string[] {
  const eliza = new Eliza(readListScript(source, 'script.txt'), () => 0);
  return messages.map((message) => eliza.answer(message));
}

/** The answers of a new ELIZA to each. */
function firstAnswers(messages: readonly string[]): string[] {
  return messages.flatMap((message) => converse(harbour, [message]));
}

test('a script in list notation has the first list as its greeting', () => {
  expect(readListScript(harbour, 'script.txt').greetings).toEqual([
    'WELCOME TO THE HARBOUR. WHAT DO YOU SEE',
  ]);
});

test('a conversation over a script in list notation goes as its rules say, word for word', () => {
  const conversation = [
    // Substitution, a counted wildcard.
    ['I see three masts.', 'WHAT ABOUT THOSE THREE MASTS'],
    // A choice of words; the first clause with a keyword, the rest is dropped.
    ['Well, I fear storms, my cook too.', 'DO ALL WHO FEAR STORMS SAY SO'],
    // BUT ends a clause; a rule's reassemblies come in turn. No keyword at a count of 4, no memory.
    ['Hm but I love the cold but hm', 'SINCE WHEN DO YOU LOVE THE COLD'],
    // A memory is laid down: "KNOT" is octal 42 45 46 63 60 60 and hashes to 1.
    ['My rope has a knot', 'YOUR ROPE HAS A KNOT'],
    // A tag, on a word that another keyword has changed.
    ['My old skipper laughs', 'TELL ME MORE OF THE CAPTAIN'],
    // The second reassembly of the same rule is a link.
    ['My mate', 'A CREW IS A SMALL TOWN'],
    // The higher rank goes first although it stands later.
    ["I don't see a lighthouse", 'I SEE THE LIGHT'],
    // A keyword that is another word for another one.
    ['A boat', 'WHAT SHIP'],
    // PRE makes a new text and hands it on.
    ['I sail by night', 'WHERE TO, WITH A SHIP BY NIGHT'],
    // NEWKEY goes on to the next keyword,
    ['I wait in the fog', 'FOG IS ONLY LOW CLOUD'],
    // and to NONE when there is none.
    ['I wait', 'THE TIDE TURNS'],
    // A link back to what has rotated meanwhile.
    ['Red boat', 'REALLY, RED SHIP'],
    // No keyword, and no memory because the count is not at 4 (it is 2, 3, 4, 1, … from the first message on).
    ['Rain', 'AND THE WIND'],
    ['Hail', 'THE TIDE TURNS'],
    ['Snow', 'ONE ROPE HAS A KNOT'],
  ] as const;
  const answers = converse(
    harbour,
    conversation.map(([message]) => message),
  );
  expect(answers).toEqual(conversation.map(([, answer]) => answer));
});

test('of keywords with the same rank the one that came first is tried first', () => {
  expect(firstAnswers(['Fog I see', 'I see a fog'])).toEqual([
    'FOG IS ONLY LOW CLOUD',
    'WHAT ABOUT THOSE A FOG',
  ]);
});

test('a text that no decomposition fits gets the words of the program itself, by its counter', () => {
  const answers = converse(harbour, ['One gull', 'Two gull', 'Three gull', 'Four gull', 'A gull']);
  expect(answers).toEqual(['HMMM', 'GO ON , PLEASE', 'I SEE', 'PLEASE CONTINUE', 'A GULL ALONE']);
});

test('links that lead in a circle end with NONE', () => {
  expect(firstAnswers(['round', 'round and about'])).toEqual(['THE TIDE TURNS', 'THE TIDE TURNS']);
});

test('a text that PRE doubles at every step is given up', () => {
  const startedAt = performance.now();
  expect(firstAnswers(['grow'])).toEqual(['THE TIDE TURNS']);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('a long chain of PRE comes to its end', () => {
  expect(firstAnswers([`tally${' o'.repeat(1500)}`])).toEqual(['NOTHING LEFT']);
});

const small = (rules: string): string => `(HELLO)\nSTART\n${rules}\n(NONE ((0) (GO ON)))`;

test.each([
  ['', 's.txt:1:1 a script begins with a list: the greeting'],
  ['(HI)', 's.txt:1:1 the script has no rule for NONE'],
  [small('(A ((0) (B))'), 's.txt:3:1 this "(" is never closed'],
  [small('(A ((0) (B))))'), 's.txt:3:14 a ")" too many'],
  [small('WORD'), 's.txt:3:1 expected a rule in parentheses and not WORD'],
  [small('(A (=C))'), 's.txt:3:6 there is no rule for C'],
  [small('(A (=C))\n(C = D)'), 's.txt:3:6 the rule for C has nothing to say'],
  [small('(A ((0 A 0) (X 4)))'), 's.txt:3:13 there is no part 4 in the decomposition'],
  [small('(A ((0)))'), 's.txt:3:4 this decomposition has no reassembly'],
  [small('(A)'), 's.txt:3:1 the rule for A is empty'],
  [small('(A (=NONE2))\n(A 3)'), 's.txt:4:1 there is a rule for A already'],
  [small('(A ((0) (PRE (X))))'), 's.txt:3:9 expected (PRE (reassembly) (=KEYWORD))'],
  [small('(A ((0 ()) (X)))'), 's.txt:3:8 this list is empty: expected (*WORD WORD) or (/TAG TAG)'],
  [small('(A ((0) (X)))\n(MEMORY A (0 = B))'), 's.txt:4:1 MEMORY needs four rules and has 1'],
  [small('(A WORD)'), 's.txt:3:4 WORD makes no sense here'],
])('a wrong script is refused with its place (%#)', (source, message) => {
  expect(() => readListScript(source, 's.txt')).toThrow(
    expect.objectContaining({ message, code: 'bad-script' }),
  );
});
