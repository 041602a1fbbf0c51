import { expect, it } from 'vitest';
import { proxySchema } from '../../../../config/schema.ts';
import type { LoopSettings } from '../../../../journal/event.ts';
import { LoopDetector } from '../../../../proxy/loops/detector.ts';
import type { LoopEvidence } from '../../../../proxy/loops/evidence.ts';
import { toLoopSettings } from '../../../../proxy/loops/settings.ts';

const usual = toLoopSettings(proxySchema.parse({}).loops);

/** What the detector says first, and after which turn; the seats speak in turn. */
function hear(
  texts: readonly string[],
  changes: Partial<LoopSettings> = {},
): { readonly after: number; readonly evidence: LoopEvidence } | undefined {
  const detector = new LoopDetector({ ...usual, ...changes });
  for (const [index, text] of texts.entries()) {
    const evidence = detector.hear({ seat: index % 2 === 0 ? 'a' : 'b', turn: index + 1, text });
    if (evidence) return { after: index + 1, evidence };
  }
  return undefined;
}

function times<T>(count: number, what: readonly T[]): T[] {
  return Array.from({ length: count }, () => what).flat();
}

const question = 'What would you like to talk about on this fine day?';
const answer = 'I would gladly talk about whatever comes to your mind.';

it('ends what both have said three times, and names the turns', () => {
  const found = hear(['Good morning to you.', 'And to you, sir.', ...times(4, [question, answer])]);
  expect(found).toMatchObject({ after: 8, evidence: { kind: 'alternation', turns: [3, 4, 5, 6, 7, 8] } });
  expect(found?.evidence.sentence).toBe(
    'turns 3 to 8 are the same two messages in turn: “I would gladly talk about whatever comes to your mind.”',
  );
});

it('does not care for case, punctuation, accents, layout or emoji', () => {
  const again = [
    'WHAT would you like to talk about, on this fine day',
    'I would gladly talk\nabout whatever comes to your mind! 😀',
  ];
  expect(hear([question, answer, ...again, ...again])).toMatchObject({ after: 6 });
});

it('hears the same where a word or two have changed, but not where a new one has come', () => {
  const refrain = 'Let us continue our journey and see what new insights await us there';
  const other = 'Yes let us continue our journey and see what insights await us there';
  expect(hear(times(6, [refrain, other]))?.evidence.kind).toBe('repetition');
  const farm = ['cow', 'duck', 'pig', 'horse', 'lamb', 'hen', 'goat', 'cat'].map(
    (animal) => `On that farm there was a ${animal}, and a ${animal} ${animal} here and there`,
  );
  expect(hear(farm)).toBeUndefined();
});

it('lets two count, in digits and in words, however much of the text stays', () => {
  const song = (number: string | number): string =>
    `There are ${number} green bottles hanging on the wall over there`;
  expect(hear(Array.from({ length: 20 }, (_, index) => song(20 - index)))).toBeUndefined();
  expect(hear(['ten', 'nine', 'eight', 'seven', 'six', 'five', 'four', 'three'].map(song))).toBeUndefined();
  expect(hear(['zehn', 'neun', 'acht', 'sieben', 'sechs', 'fünf', 'vier', 'drei'].map(song))).toBeUndefined();
});

it('lets one side say the same as long as the other one gets on, up to six times', () => {
  const verses = [
    'of barley',
    'of the miller',
    'of his three sons',
    'of the well',
    'of the red mare',
    'of snow',
    'of rain',
  ];
  const songs = (refrain: string): string[] =>
    verses.flatMap((verse) => [`I sing a verse ${verse}`, refrain]);
  expect(hear(songs('Pray for us.'))).toBeUndefined();
  const stuck = "I'm sorry, but I cannot help with that";
  expect(hear(songs(stuck))).toMatchObject({
    after: 12,
    evidence: { kind: 'one-sided', turns: [2, 4, 6, 8, 10, 12] },
  });
  expect(hear(songs(stuck), { oneSided: 0 })).toBeUndefined();
});

it('lets a game have few words, unless they come round in one order', () => {
  const moves = [
    'Rock',
    'Paper',
    'Scissors',
    'Rock',
    'Paper',
    'Paper',
    'Scissors',
    'Paper',
    'Rock',
    'Rock',
    'Scissors',
    'Rock',
  ];
  expect(hear([...moves, ...moves.slice(1, 9)])).toBeUndefined();
  expect(hear(times(8, ['Rock', 'Paper']))?.evidence.kind).toBe('alternation');
});

it('keeps code apart: the same words with other code are no repetition, and the same code with other words is none', () => {
  const fixed = (code: string): string =>
    `Here is the version in which I have fixed it:\n\`\`\`js\n${code}\n\`\`\``;
  const codes = Array.from({ length: 10 }, (_, index) => `let ${'xyzabcdefg'[index]} = call();`);
  expect(hear(codes.map(fixed))).toBeUndefined();
  expect(hear(times(10, [fixed('let x = call();')]))).toBeDefined();
});

it.each([
  [
    'en',
    [
      'Thank you so much!',
      'You are welcome, take care!',
      'Goodbye, my friend!',
      'Goodbye, and all the best!',
      'See you soon!',
    ],
  ],
  [
    'de',
    ['Vielen Dank!', 'Gern geschehen, mach’s gut!', 'Tschüss!', 'Auf Wiedersehen, alles Gute!', 'Bis bald!'],
  ],
  [
    'fr',
    [
      'Merci beaucoup !',
      'De rien, bonne journée !',
      'À bientôt !',
      'Au revoir, prenez soin de vous !',
      'Au revoir !',
    ],
  ],
  [
    'es',
    ['¡Muchas gracias!', 'De nada, ¡hasta luego!', '¡Hasta luego, cuídate!', '¡Adiós!', '¡Un abrazo, adiós!'],
  ],
  [
    'it',
    [
      'Grazie mille!',
      'Prego, a presto!',
      'Arrivederci!',
      'Arrivederci, buona giornata!',
      'Ciao, stammi bene!',
    ],
  ],
  ['pt', ['Muito obrigado!', 'De nada, até logo!', 'Até breve!', 'Tchau, um abraço!', 'Boa noite!']],
  ['nl', ['Dank je wel!', 'Graag gedaan, fijne dag!', 'Tot ziens!', 'Tot gauw, doei!', 'Doei!']],
  ['el', ['Ευχαριστώ πολύ!', 'Παρακαλώ, να είσαι καλά!', 'Αντίο!', 'Γεια σου, τα λέμε!', 'Καληνύχτα!']],
])('ends goodbyes and thanks in %s', (_, texts) => {
  expect(hear(texts)).toMatchObject({ after: 5, evidence: { turns: [1, 2, 3, 4, 5] } });
  expect(hear(texts.slice(0, 4))).toBeUndefined();
  expect(hear(texts, { courtesies: 0 })).toBeUndefined();
});

it('takes thanks for something said, a question or a figure for none of that', () => {
  const polite = [
    'Thank you. Which of the two letters came first?',
    'Thank you for asking; the one about the lighthouse keeper and his drowned piano.',
    'Thank you, and what did the second one say about the tide?',
    'Thank you: 14 metres, at noon.',
    'Thank you. I would not have guessed that a harbour can hold so much water at once.',
    'Thanks! Then let me read you the third one, which is by his daughter.',
  ];
  expect(hear(polite)).toBeUndefined();
});

it('ends shrinking turns, emoji, assents and silence', () => {
  const fade = [
    'I suppose that this was all of it, then.',
    'All of it, yes.',
    'Yes.',
    'Yes.',
    'Mm.',
    'Yes.',
    'Mm.',
    'Mm.',
  ];
  expect(hear(fade)?.evidence.kind).toBe('shrinking');
  expect(hear(times(4, ['🙏', '✨']))).toMatchObject({ after: 4, evidence: { kind: 'short-turns' } });
  expect(hear(['♟️', '♜', '♞', '♝', '♛', '♚', '♙', '♖'])).toBeUndefined();
  expect(hear(['Hello?', '', 'Anybody?', '', 'I am still here.', '', 'Well?', ''])).toMatchObject({
    after: 8,
  });
  expect(hear(fade, { shortTurns: 0, courtesies: 0 })).toBeUndefined();
});

it('quotes no more than a line of what a model wrote', () => {
  const long = `Well,\n${'this is what I have to say about the matter '.repeat(20)}`;
  const sentence = hear(times(8, [long]))?.evidence.sentence ?? '';
  expect(sentence).not.toContain('\n');
  expect(sentence.length).toBeLessThan(140);
});

it('takes no longer for the thousandth turn of a long meeting, whatever is written', () => {
  const detector = new LoopDetector(usual);
  const hostile = [
    '!'.repeat(50_000),
    'thank you '.repeat(5_000),
    '```\n'.repeat(10_000),
    'a '.repeat(30_000),
    '“'.repeat(50_000),
  ];
  const began = performance.now();
  for (let turn = 1; turn <= 50; turn++)
    detector.hear({ seat: turn % 2 ? 'a' : 'b', turn, text: `${turn} ${hostile[turn % 5]}` });
  expect(performance.now() - began).toBeLessThan(10_000);
});
