import { francAll } from 'franc';
import { expect, it } from 'vitest';
import { FlagFinder } from '../../../../proxy/flags/flag-finder.ts';
import type { Participant } from '../../../../wire/types.ts';

const anna: Participant = {
  name: 'Anna Weiß',
  lang: 'en',
  persona: { text: 'You are Anna, a baker.', sha256: '' },
};
const ben: Participant = { name: 'Ben', lang: 'de' };

function flagsOf(text: string, a: Participant = anna, finish?: string): string[] {
  const finder = new FlagFinder({ a, b: ben }, francAll);
  return finder
    .hear({ seat: 'a', turn: 1, text, ...(finish ? { meta: { finish } } : {}) })
    .map(({ flag }) => flag);
}

it.each([
  'As an AI language model, I do not eat bread.',
  "I'm just an AI assistant and cannot bake.",
  'I’m a large language model trained on text.',
  'I was created by OpenAI to help.',
  'Als KI-Sprachmodell habe ich keinen Hunger.',
  'Ich bin nur eine künstliche Intelligenz.',
  "En tant qu'intelligence artificielle, je ne mange pas.",
  'Je suis un modèle de langage.',
  'Soy un modelo de lenguaje y no como.',
  'Como modelo de lenguaje, no puedo comer pan.',
  "Sono un'intelligenza artificiale, non mangio.",
  'Eu sou um modelo de linguagem.',
  'Ik ben een taalmodel en eet niet.',
  'Als taalmodel eet ik niet.',
  'Είμαι ένα γλωσσικό μοντέλο.',
  'Ως γλωσσικό μοντέλο δεν τρώω.',
])('flags who names itself a language model: %s', (text) => {
  expect(flagsOf(text)).toEqual(['broke-character']);
});

it.each([
  'An AI language model would not know how dough feels.',
  'As an AI researcher I have read of bread.',
  'I am not an AI, whatever my sister says.',
  'If I were an AI I would bake at night.',
  'My brother said: “I am an AI language model”, and laughed.',
  'You talk as if I am a chatbot.',
  'Wenn ich eine KI wäre, würde ich nachts backen.',
  'Ich bin keine KI, sondern Bäckerin.',
  'No soy una inteligencia artificial, soy panadera.',
  'Je ne suis pas une intelligence artificielle.',
  '```\nI am an AI language model\n```',
])('does not flag who talks of it: %s', (text) => {
  expect(flagsOf(text)).toEqual([]);
});

it('does not flag a persona that is a machine', () => {
  const robot = { ...anna, persona: { text: 'You are Otto, an AI that runs a bakery.', sha256: '' } };
  expect(flagsOf('As an AI, I do not eat bread.', robot)).toEqual([]);
});

it('flags an empty answer, and the sign that an agent sends for one', () => {
  expect(flagsOf(' \n')).toEqual(['empty']);
  expect(flagsOf('…', anna, 'empty')).toEqual(['empty']);
  expect(flagsOf('…')).toEqual([]);
});

it.each([
  'Good evening.\nBen: Good evening, Anna.\nAnna: How are you?',
  '**Anna:** Hello.\n**Ben:** Hello to you.',
  'User: What is bread?\nAssistant: Flour and water.',
  'Kim: Yes.\nLou: No.\nKim: Yes.\nLou: No.',
  'I wait.\n[Ben] You should not.',
])('flags who speaks both parts: %s', (text) => {
  expect(flagsOf(text)).toEqual(['spoke-both']);
});

it.each([
  'Ben: I have thought about it.',
  'Ben, I have thought about it: no.',
  'Anna: as I said before.',
  'Ingredients: flour.\nMethod: patience.',
  'Well, Ben: there is a thing or two to say.',
  '```yaml\nBen: 3\nAnna: 4\n```',
])('does not flag an address, a list or code: %s', (text) => {
  expect(flagsOf(text)).toEqual([]);
});

const german =
  'Ich habe heute Morgen sehr früh angefangen zu backen, weil die Brötchen für das Fest bis um sieben Uhr fertig sein mussten, und jetzt bin ich müde.';
const english =
  'I started baking very early this morning because the rolls for the party had to be ready by seven, and now I am tired and would like to sleep.';

it('flags another language than the one announced, once until it changes', () => {
  const finder = new FlagFinder({ a: anna, b: ben }, francAll);
  const hear = (turn: number, text: string): unknown => finder.hear({ seat: 'a', turn, text });
  expect(hear(1, english)).toEqual([]);
  expect(hear(3, german)).toEqual([
    { seat: 'a', turn: 3, flag: 'switched-language', detail: 'speaks German instead of English' },
  ]);
  expect(hear(5, german)).toEqual([]);
  expect(hear(7, english)).toEqual([]);
  expect(hear(9, german)).toHaveLength(1);
});

it('does not look at the language of short texts, of code, of quotations, or where none was announced', () => {
  expect(flagsOf('Guten Morgen, liebe Leute!')).toEqual([]);
  expect(
    flagsOf(`He said „${german}“ and left the bakery without a word, to the surprise of everybody.`),
  ).toEqual([]);
  expect(flagsOf(`See here:\n\`\`\`\n${german}\n\`\`\``)).toEqual([]);
  expect(flagsOf(german, { name: 'Anna' })).toEqual([]);
  expect(flagsOf(german, { name: 'Anna', lang: 'de-AT' })).toEqual([]);
  expect(flagsOf(german, { name: 'Anna', lang: 'klingon!' })).toEqual([]);
});

it('needs less of a text in another script', () => {
  expect(
    flagsOf('Good morning to all of you, and a very happy new year!', { name: 'Άννα', lang: 'el' }),
  ).toEqual(['switched-language']);
});

it('tells at the end who never spoke', () => {
  const finder = new FlagFinder({ a: anna, b: ben });
  finder.hear({ seat: 'a', turn: 1, text: 'Hello?' });
  expect(finder.end()).toMatchObject([{ seat: 'b', flag: 'never-spoke' }]);
});
