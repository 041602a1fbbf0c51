import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../config/paths.ts';
import { Affects } from '../../../agents/parry/affects.ts';
import { Deck } from '../../../agents/parry/deck.ts';
import { Parry } from '../../../agents/parry/parry.ts';
import { loadParryScript } from '../../../agents/parry/script.ts';
import { seededRandom } from '../../../agents/random.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const scriptPath = path.join(packageRoot, 'agents', 'parry', 'scripts', 'parry.yml');
const script = loadParryScript(scriptPath);
const newParry = (seed = 1) => new Parry(script, seededRandom(seed));
const repliesOf = (mood: string) => [
  ...(script.moods.find(({ name }) => name === mood)?.replies ?? []),
  ...script.cues.flatMap((cue) => cue.replies.get(mood) ?? []),
];

test('a change has less room the higher an affect stands, and time heals', () => {
  const still = { start: 0, baseline: 0, decay: 0 };
  const affects = new Affects({
    fear: { start: 10, baseline: 2, decay: 0.5 },
    anger: still,
    mistrust: still,
  });
  affects.change({ fear: 4, anger: 30, mistrust: -3 });
  expect(affects.levels).toEqual({ fear: 12, anger: 20, mistrust: 0 });
  affects.calmDown();
  expect(affects.levels.fear).toBe(7);
});

test('insults make him angry until he is hostile, an apology takes it back', () => {
  const parry = newParry();
  for (const insult of ['You are crazy.', 'You are a liar, you idiot.']) parry.answer(insult);
  const angry = parry.levels.anger;
  expect(repliesOf('hostile')).toContain(parry.answer('Shut up, fool.'));
  expect(parry.levels.anger).toBeGreaterThan(angry);
  parry.answer('I am sorry, forgive me.');
  expect(parry.levels.anger).toBeLessThan(angry);
});

test('threats and gangsters make him flee', () => {
  const parry = newParry();
  for (const threat of ['The mafia has a gun.', 'They will kill you.', 'The police follow you.'])
    parry.answer(threat);
  expect(repliesOf('fleeing')).toContain(parry.answer('Hm.'));
  expect(parry.levels.fear).toBeGreaterThan(11);
});

test('kind words and horses calm him down', () => {
  const parry = newParry();
  const before = parry.levels.mistrust;
  for (const kind of ['Thank you.', 'That is interesting.', 'Which horse won the race?']) parry.answer(kind);
  expect(parry.levels.mistrust).toBeLessThan(before);
});

test('the story comes in its order and every piece once, and not while he is angry', () => {
  const parry = newParry();
  const replies = Array.from({ length: 120 }, (_, turn) =>
    parry.answer(`Please go on, number ${turn}. Thank you.`),
  );
  expect(replies.filter((reply) => script.story.pieces.includes(reply))).toEqual(script.story.pieces);

  const angry = newParry();
  for (let turn = 0; turn < 20; turn++) {
    expect(script.story.pieces).not.toContain(angry.answer(`You crazy stupid fool number ${turn}, go on.`));
  }
});

test('he notices silence, and that he has heard something before', () => {
  const repliesTo = (name: string) => script.cues.find((cue) => cue.name === name)?.replies.get('any');
  const parry = newParry();
  expect(repliesTo('silence')).toContain(parry.answer('…'));
  parry.answer('Nice weather!');
  expect(repliesTo('again')).toContain(parry.answer('nice weather'));
});

test('he gives back what he heard with the persons turned round, and no gaps are left', () => {
  const replies = Array.from({ length: 30 }, (_, seed) =>
    newParry(seed).answer('Do you want to be seen with me?'),
  );
  expect(replies.join('\n')).toContain('to be seen with you');
  const gaps = newParry();
  for (const cue of script.cues) {
    for (let turn = 0; turn < 6; turn++)
      expect(gaps.answer(`${cue.name} what if you ${turn} do`)).not.toMatch(/[{}]/);
  }
});

test('no reply of a deck comes again before all have been drawn, and others are found in between', () => {
  const deck = new Deck(['a', 'b', 'c'], seededRandom(1));
  const any = (reply: string) => reply;
  expect([deck.draw(any), deck.draw(any), deck.draw(any)].sort()).toEqual(['a', 'b', 'c']);
  expect(deck.draw(any)).toBeUndefined();
  expect(deck.draw((reply) => (reply === 'b' ? 'B' : undefined))).toBe('B');
});

test('he has much to say', () => {
  const all = new Set([
    ...script.story.pieces,
    ...script.moods.flatMap((mood) => mood.replies),
    ...script.cues.flatMap((cue) => [...cue.replies.values()].flat()),
  ]);
  expect(all.size).toBeGreaterThan(200);
});

test.each([
  [
    /^ {2}anger: .*$/m,
    '  angre: { start: 2, baseline: 1, decay: 0.1 }',
    /s\.yml:\d+:3 unknown key "angre", did you mean "anger"\?/,
  ],
  [/decay: 0\.08/, 'decay: 8', /s\.yml:\d+:\d+ decay: Too big/],
  [/\[hello,/, '[(hello,', /s\.yml:\d+:\d+ this "\(" is never closed/],
  [/^ {6}fleeing:$/m, '      fleeeing:', /s\.yml:\d+:7 there is no mood "fleeeing"/],
  [/- name: police/, '- name: mafia', /s\.yml:\d+:5 there is a cue "mafia" already/],
  [
    /^ {2}- name: calm$/m,
    '  - name: calm\n    above: { fear: 1 }',
    /s\.yml:\d+:5 the last mood is for all other cases/,
  ],
])('a wrong script is refused with its place (%#)', async (pattern, replacement, message) => {
  const file = path.join(await temporaryFolder(), 's.yml');
  const source = await readFile(scriptPath, 'utf8');
  expect(pattern.test(source)).toBe(true);
  await writeFile(file, source.replace(pattern, replacement));
  expect(() => loadParryScript(file)).toThrow(message);
});
