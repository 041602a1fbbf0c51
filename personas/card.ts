import slugify from '@sindresorhus/slugify';
import { stringify } from 'yaml';
import * as z from 'zod';
import { ColloquyError } from '../wire/errors.ts';
import { decodeUtf8 } from '../wire/frame.ts';
import { parseSpeech } from '../wire/speech.ts';
import { isLanguage, maxPersonaBytes } from './persona.ts';
import { isPng, readPngTexts } from './png-text.ts';

/** A PNG carries a picture too; larger ones are not looked at. */
const maxCardBytes = 16 * 1024 * 1024;

/** Longer names are cut: they become a title, a file name and the head of a column. */
const maxNameCharacters = 80;

/** Some cards carry hundreds; nobody chooses among more than these. */
const maxOtherOpenings = 20;

/** What {{user}} becomes: who the other is, a persona does not know. */
const partner = 'the other speaker';

/**
 * A persona made of a character card: JSON or PNG, version 1 (flat), 2 (`chara_card_v2`) or 3
 * (`chara_card_v3`). `fileName` is what messages call the card; the one returned is a plain slug. Throws
 * ColloquyError `bad-persona`.
 */
export function importCard(bytes: Buffer, fileName: string): { fileName: string; markdown: string } {
  try {
    const card = readCard(bytes);
    const markdown = renderPersona(card);
    const size = Buffer.byteLength(markdown);
    if (size > maxPersonaBytes) {
      throw unusable(`makes a persona of ${size} bytes; a persona may have ${maxPersonaBytes}`);
    }
    return { fileName: `${slugOf(card.name)}.md`, markdown };
  } catch (error) {
    if (error instanceof ColloquyError) throw unusable(`${clean(fileName)} ${error.message}`);
    throw error;
  }
}

const textSchema = z
  .string()
  .max(maxPersonaBytes)
  // Cards in the wild say null where they mean nothing.
  .nullish()
  .transform((text) => clean(text ?? ''));

const cardSchema = z.object({
  name: textSchema.transform((name) =>
    [...name.replace(/\s+/g, ' ')].slice(0, maxNameCharacters).join('').trim(),
  ),
  nickname: textSchema,
  description: textSchema,
  personality: textSchema,
  scenario: textSchema,
  first_mes: textSchema,
  alternate_greetings: z
    .array(textSchema)
    .nullish()
    .catch(null)
    .transform((greetings) => (greetings ?? []).slice(0, maxOtherOpenings)),
  mes_example: textSchema,
  system_prompt: textSchema,
  post_history_instructions: textSchema,
  // No part of any version, but some editors write it.
  extensions: z.object({ language: z.string() }).nullish().catch(null),
  character_book: z
    .object({ entries: z.array(z.unknown()) })
    .nullish()
    .transform((book) => (book?.entries ?? []).flatMap((entry) => constantEntry.safeParse(entry).data ?? [])),
});
type Card = z.infer<typeof cardSchema>;

/** Entries that wait for a keyword need the program they were written for; these are always there. */
const constantEntry = z.object({
  content: textSchema,
  constant: z.literal(true),
  enabled: z.literal(true).nullish(),
  insertion_order: z.number().catch(0),
});

function readCard(bytes: Buffer): Card {
  if (bytes.length > maxCardBytes) {
    throw unusable(`has ${bytes.length} bytes; a character card may have ${maxCardBytes}`);
  }
  const value = parseJson(isPng(bytes) ? readPngCard(bytes) : bytes);
  if (!isMapping(value)) throw unusable('is no character card: its JSON is no object');
  const isNested = isMapping(value['data']);
  const { data: card, error } = cardSchema.safeParse(isNested ? value['data'] : value);
  if (error)
    throw unusable(
      `is no usable character card: ${describeIssue(error.issues[0], isNested ? ['data'] : [])}`,
    );
  if (card.name === '') throw unusable('is no usable character card: it gives no name');
  return card;
}

/** A card of version 3 stands beside a copy for older programs. */
function readPngCard(bytes: Buffer): Buffer {
  const texts = readPngTexts(bytes);
  const card = texts.get('ccv3') ?? texts.get('chara');
  if (card === undefined) throw unusable('is a picture without a character card in it');
  return Buffer.from(card, 'base64');
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes).replace(/^\uFEFF/, '')) as unknown;
  } catch {
    throw unusable('is no character card: what it holds is no JSON in UTF-8');
  }
}

function describeIssue(issue: z.core.$ZodIssue | undefined, above: readonly string[]): string {
  const key = [...above, ...(issue?.path ?? [])].join('.');
  if (issue?.code === 'too_big') return `${key} has more than ${maxPersonaBytes} characters`;
  const names: Record<string, string> = { string: 'a text', object: 'an object', array: 'a list' };
  const expected = issue?.code === 'invalid_type' ? names[issue.expected] : undefined;
  return `${key} must be ${expected ?? 'something else'}`;
}

function renderPersona(card: Card): string {
  const fill = (text: string): string => demoteHeadings(fillMacros(text, card.nickname || card.name)).trim();
  const always = card.character_book
    .toSorted((one, other) => one.insertion_order - other.insertion_order)
    // In version 3, lines of @@ in front say where an entry belongs.
    .map(({ content }) => content.replace(/^(?:@@.*\n?)+/, '').trim());
  const sections = [
    ['Who you are', card.description],
    ['What you are like', card.personality],
    ['Where you are', card.scenario],
    ['How you speak: examples', card.mes_example.replace(/^[ \t]*<START>[ \t]*$/gim, '* * *')],
    ['What you know', always.filter((content) => content !== '').join('\n\n')],
    ['Above all', card.post_history_instructions],
  ]
    .map(([title = '', text = '']) => ({ title, text: fill(text) }))
    .filter(({ text }) => text !== '')
    .map(({ title, text }) => `## ${title}\n\n${text}`);
  const language = card.extensions?.language ?? '';
  const parts = [
    `# Character Persona: ${card.name} (${isLanguage(language) ? language : 'en'})`,
    // Most cards speak of their character in the third person.
    `You are ${card.nickname.replace(/\s+/g, ' ').trim() || card.name}.`,
    fill(card.system_prompt),
    ...sections,
  ];
  return `---\n${renderFrontMatter(card)}---\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderFrontMatter(card: Card): string {
  const [opening = '', ...others] = [card.first_mes, ...card.alternate_greetings].map((text) =>
    withoutControls(fillMacros(text, card.nickname || card.name)),
  );
  const yaml = stringify(
    // A card knows nothing of our control messages, whatever headings its author chose.
    { ...(opening === '' ? {} : { opening }), instructions: true },
    { lineWidth: 0 },
  );
  // JSON, which is YAML too, keeps each on its line.
  const choices = others.filter((text) => text !== '').map((text) => `# opening: ${JSON.stringify(text)}\n`);
  if (choices.length === 0) return yaml;
  return `${yaml}# Other openings that the card offers; for one of them, move its # to the one above.\n${choices.join('')}`;
}

/** In one go, so that a name that looks like a macro is none. */
function fillMacros(text: string, name: string): string {
  const values: Record<string, string> = { char: name, bot: name, user: partner, original: '' };
  return text.replace(
    /\{\{(char|user|original)\}\}|<(bot|user)>/gi,
    (_, macro: string | undefined, tag: string | undefined) =>
      values[(macro ?? tag ?? '').toLowerCase()] ?? '',
  );
}

/** Below the sections that stand here: only one title may be the persona's. */
function demoteHeadings(text: string): string {
  return text
    .replace(/^(?=.*\S)(?! {0,3}#)(.+)\n {0,3}=+[ \t]*$/gm, '# $1')
    .replace(/^ {0,3}(#{1,6})(?=[ \t]|$)/gm, (_, marks: string) => '#'.repeat(Math.min(6, marks.length + 2)));
}

/** An opening is sent as it stands, and must not end the meeting that it opens. */
function withoutControls(opening: string): string {
  let text = opening.trim();
  // No greeting that means well has more of them.
  for (let round = 0; round < 100; round++) {
    const speech = parseSpeech(text);
    if (speech.control === undefined) return text;
    text = speech.text;
  }
  return '';
}

/** Without what moves a cursor, reverses the direction of writing, or is no character at all. */
function clean(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Letters, digits and hyphens only: no folder, no extension, nothing hidden. */
function slugOf(name: string): string {
  const slug = slugify(name)
    .replace(/[^a-z0-9-]+/g, '')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'character' : slug;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'bad-persona' });
}
