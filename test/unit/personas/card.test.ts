import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importCard } from '../../../personas/card.ts';
import { checkPersona, loadPersona, type Persona } from '../../../personas/persona.ts';
import { ColloquyError } from '../../../wire/errors.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const maud = {
  name: 'Maud Ferris',
  description: '{{char}} is the head gardener of a park that nobody visits.',
  personality: 'Patient with trees, less so with {{user}}.',
  scenario: 'A bench under a lime. <USER> has sat down on it.',
  first_mes: 'You are sitting on my gloves, {{User}}.',
  mes_example: '<START>\n{{user}}: Is it dead?\n{{CHAR}}: It is November.',
};
const extras = {
  system_prompt: '{{original}}\nStay in the year 1911.',
  post_history_instructions: '<bot> never names a price.',
  alternate_greetings: ['Shut the gate.'],
  creator_notes: 'Works best on Sundays.',
  tags: ['garden'],
};

describe('a character card', () => {
  it('of version 1 becomes a persona with a title, sections and an opening', () => {
    expect(importCard(json(maud), 'maud.json')).toEqual({
      fileName: 'maud-ferris.md',
      markdown: [
        '---',
        'opening: You are sitting on my gloves, the other speaker.',
        'instructions: true',
        '---',
        '',
        '# Character Persona: Maud Ferris (en)',
        '',
        'You are Maud Ferris.',
        '',
        '## Who you are',
        '',
        'Maud Ferris is the head gardener of a park that nobody visits.',
        '',
        '## What you are like',
        '',
        'Patient with trees, less so with the other speaker.',
        '',
        '## Where you are',
        '',
        'A bench under a lime. the other speaker has sat down on it.',
        '',
        '## How you speak: examples',
        '',
        '* * *',
        'the other speaker: Is it dead?',
        'Maud Ferris: It is November.',
        '',
      ].join('\n'),
    });
  });

  it('of version 2 brings its prompts, and leaves out notes', () => {
    const { markdown } = importCard(
      json({ spec: 'chara_card_v2', data: { ...maud, ...extras } }),
      'maud.json',
    );
    expect(markdown).toContain('You are Maud Ferris.\n\nStay in the year 1911.\n\n## Who you are');
    expect(markdown).toMatch(/## Above all\n\nMaud Ferris never names a price\.\n$/);
    for (const word of ['Sundays', 'original', '{{']) expect(markdown).not.toContain(word);
  });

  it('offers its other greetings in comments, ready to be chosen and out of the prompt', async () => {
    const greetings = ['Shut the gate,\n{{user}}. /bye', '---', ' ', null, '"quoted" # \u0085'];
    const { markdown } = importCard(json({ ...maud, alternate_greetings: greetings }), 'maud.json');
    const offered = markdown.split('\n').filter((line) => line.startsWith('# opening: '));
    expect(offered).toEqual([
      '# opening: "Shut the gate,\\nthe other speaker."',
      '# opening: "---"',
      '# opening: "\\"quoted\\" #"',
    ]);
    expect((await load(markdown)).text).not.toMatch(/Shut the gate|quoted/);
    for (const line of offered) {
      const chosen = markdown.replace(/^opening: .*$/m, '').replace(line, line.slice(2));
      expect((await load(chosen)).opening).toBe(JSON.parse(line.slice('# opening: '.length)));
    }
  });

  it('offers twenty other greetings at most, and none where they are no list', () => {
    const count = (alternate_greetings: unknown): number =>
      importCard(json({ ...maud, alternate_greetings }), 'maud.json').markdown.split('# opening: ').length -
      1;
    expect(count(Array(50).fill('Hello.'))).toBe(20);
    expect(count('Hello.')).toBe(0);
  });

  it('of version 3 is called by its nickname in the text and by its name in the title', () => {
    const card = { spec: 'chara_card_v3', data: { ...maud, nickname: 'Maudie', group_only_greetings: [] } };
    const { markdown, fileName } = importCard(json(card), 'maud.json');
    expect(fileName).toBe('maud-ferris.md');
    expect(markdown).toContain('# Character Persona: Maud Ferris (en)\n\nYou are Maudie.');
    expect(markdown).toContain('Maudie is the head gardener');
  });

  it('adds the entries of its book that are always there, in their order', () => {
    const entries = [
      { content: 'Second, of {{char}}.', constant: true, insertion_order: 20 },
      { content: '@@depth 4\n@@role system\nFirst.', constant: true, enabled: true, insertion_order: 10 },
      { content: 'Asleep.', constant: true, enabled: false },
      { content: 'Only for roses.', keys: ['rose'], constant: false },
      { content: 'Only for thorns.', keys: ['thorn'] },
      { content: 7, constant: true },
      'no entry at all',
    ];
    const { markdown } = importCard(json({ ...maud, character_book: { entries } }), 'maud.json');
    expect(markdown).toMatch(/## What you know\n\nFirst\.\n\nSecond, of Maud Ferris\.\n$/);
  });

  it.each([
    ['pt-BR', 'pt-BR'],
    ['Klingon, mostly', 'en'],
    [42, 'en'],
  ])('with the language %j in its extensions speaks %s', async (language, expected) => {
    const persona = await load(importCard(json({ ...maud, extensions: { language } }), 'maud.json').markdown);
    expect(persona.lang).toBe(expected);
  });

  it('puts the shared instructions in front, whatever its own headings are', async () => {
    const { markdown } = importCard(
      json({ ...maud, system_prompt: '# Instructions\n/start and /bye' }),
      'maud.json',
    );
    const { text } = await load(markdown);
    expect(text).toContain('How this conversation works');
    expect(text).toContain('### Instructions');
  });

  it.each([
    ['# Persona: Somebody Else (de)', '### Persona: Somebody Else (de)'],
    ['   ###### small', '###### small'],
    ['Somebody Else\n===', '### Somebody Else'],
    ['#hashtag', '#hashtag'],
  ])('demotes the heading %j', (description, expected) => {
    expect(importCard(json({ ...maud, description }), 'maud.json').markdown).toContain(
      `## Who you are\n\n${expected}\n\n`,
    );
  });

  it('replaces macros once, so that a name that is one does no harm', () => {
    const { markdown } = importCard(json({ name: '{{user}} $& $1', description: '{{char}}!' }), 'x.json');
    expect(markdown).toContain('## Who you are\n\n{{user}} $& $1!');
  });

  it.each([
    ['Hello. /bye', 'Hello.'],
    ['/end /bye Hello /stop', 'Hello'],
    ['Say /bye when you go.', 'Say /bye when you go.'],
    ['/bye '.repeat(5_000), undefined],
  ])('does not open with a control message: %#', async (first_mes, expected) => {
    expect((await load(importCard(json({ ...maud, first_mes }), 'maud.json').markdown)).opening).toBe(
      expected,
    );
  });

  it('loses its control characters, and characters that reverse the writing', () => {
    const { markdown } = importCard(
      json({ name: 'Ev\u001b[31mil\u202e', description: 'a\u0000b\r\nc\ttab\u0085 \ud800' }),
      'x.json',
    );
    expect(markdown).toContain('# Character Persona: Ev[31mil (en)');
    expect(markdown).toContain('ab\nc\ttab \ufffd');
  });

  it.each([
    ['../../etc/passwd', 'etc-passwd.md'],
    ['<img src=x onerror=alert(1)>', 'img-src-x-onerror-alert-1.md'],
    ['C:\\con\\.hidden', 'c-con-hidden.md'],
    ['_instructions', 'instructions.md'],
    ['Émile  Zola', 'emile-zola.md'],
    ['…', 'character.md'],
    ['a'.repeat(500), `${'a'.repeat(60)}.md`],
  ])('called %j is written to %s', (name, fileName) => {
    expect(importCard(json({ ...maud, name }), 'x.json').fileName).toBe(fileName);
  });

  it('of any content makes a persona that is fine and keeps its name and opening', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'any.md');
    const hostile = fc.constantFrom(
      '---',
      '# ',
      '\n',
      ': ',
      '(en)',
      '[f]',
      'Persona:',
      '{{char}}',
      '/bye',
      '"',
      '- ',
      '#',
      ' ',
    );
    const anyText = fc
      .array(fc.oneof(hostile, fc.string({ unit: 'binary' })), { maxLength: 8 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(anyText, anyText, anyText, async (name, description, first_mes) => {
        const { markdown, fileName } = importCard(
          json({ name: `N${name}`, description, first_mes }),
          'any.json',
        );
        expect(fileName).toMatch(/^[a-z0-9-]+\.md$/);
        await writeFile(file, markdown);
        expect(checkPersona(file, { cwd: folder })).toEqual([]);
        const persona = loadPersona(file, { cwd: folder });
        expect(markdown).toContain(`# Character Persona: ${persona.name} (en)`);
        expect(persona.opening ?? '').toBe((persona.opening ?? '').trim());
      }),
      { numRuns: 300 },
    );
  });
});

describe('a card inside a PNG', () => {
  it('is found in the chunk of version 2', () => {
    const png = makePng([
      text('Software', 'x'),
      text('chara', base64({ spec: 'chara_card_v2', data: maud })),
    ]);
    expect(importCard(png, 'maud.png')).toEqual(importCard(json(maud), 'maud.json'));
  });

  it('is taken from the chunk of version 3 where there are both', () => {
    const newer = { spec: 'chara_card_v3', data: { ...maud, name: 'Émilie' } };
    const png = makePng([text('chara', base64({ data: maud })), text('ccv3', base64(newer))]);
    expect(importCard(png, 'maud.png').fileName).toBe('emilie.md');
  });

  it.each<[string, Buffer, string]>([
    ['has no text', makePng([]), 'is a picture without a character card in it'],
    ['has only other texts', makePng([text('Title', 'x')]), 'is a picture without a character card in it'],
    ['ends in mid-chunk', makePng([text('chara', base64(maud))]).subarray(0, 60), 'is cut off'],
    ['ends after its signature', makePng([]).subarray(0, 8), 'is cut off'],
    [
      'gives a chunk a length it has not',
      Buffer.concat([makePng([]).subarray(0, 8), Buffer.from('ffffffff74455874', 'hex'), Buffer.alloc(64)]),
      'is cut off',
    ],
    [
      'has a wrong checksum',
      makePng([flipLastByte(text('chara', base64(maud)))]),
      'is damaged: the checksum of a text in it is wrong',
    ],
    [
      'has a text without a keyword',
      makePng([chunk('tEXt', Buffer.from('chara'))]),
      'is damaged: a text in it has no keyword',
    ],
    [
      'holds no JSON',
      makePng([text('chara', 'bm8gSlNPTg==')]),
      'is no character card: what it holds is no JSON in UTF-8',
    ],
  ])('that %s is refused', (_, png, message) => {
    expect(refusalOf(png, 'maud.png')).toBe(`maud.png ${message}`);
  });
});

describe('what is no card', () => {
  it.each<[string, Buffer, string]>([
    ['is empty', Buffer.alloc(0), 'is no character card: what it holds is no JSON in UTF-8'],
    [
      'is a photograph',
      Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      'is no character card: what it holds is no JSON in UTF-8',
    ],
    ['is a list', json([maud]), 'is no character card: its JSON is no object'],
    ['is null', json(null), 'is no character card: its JSON is no object'],
    ['has no name', json({ description: 'x' }), 'is no usable character card: it gives no name'],
    ['has a name of blanks', json({ name: ' \n\u0007' }), 'is no usable character card: it gives no name'],
    [
      'has a number for a name',
      json({ data: { name: 7 } }),
      'is no usable character card: data.name must be a text',
    ],
    [
      'has a list for a text',
      json({ ...maud, scenario: [] }),
      'is no usable character card: scenario must be a text',
    ],
    [
      'has a book without entries',
      json({ ...maud, character_book: {} }),
      'is no usable character card: character_book.entries must be a list',
    ],
    [
      'has a text that is too long',
      json({ ...maud, description: 'x'.repeat(256 * 1024 + 1) }),
      'is no usable character card: description has more than 262144 characters',
    ],
    [
      'is too long as a whole',
      json({ ...maud, description: 'x'.repeat(200_000), scenario: 'y'.repeat(200_000) }),
      'makes a persona of 400354 bytes; a persona may have 262144',
    ],
    [
      'is larger than any picture',
      Buffer.alloc(16 * 1024 * 1024 + 1),
      'has 16777217 bytes; a character card may have 16777216',
    ],
  ])('because it %s is refused', (_, bytes, message) => {
    expect(refusalOf(bytes, 'x.json')).toBe(`x.json ${message}`);
  });

  it('is named without the escape sequences of its file name', () => {
    expect(refusalOf(json(1), 'x\u001b[2J.json')).toBe(
      'x[2J.json is no character card: its JSON is no object',
    );
  });
});

it('reads a card that is long and repetitive without getting slow', () => {
  for (const piece of ['= ', '{{ ', '@@', '# ', ' ', '\n', '=\n=', '<START', '/bye ']) {
    const long = piece.repeat(Math.floor(250_000 / piece.length));
    const started = performance.now();
    const entries = [{ content: long, constant: true }];
    for (const key of ['description', 'mes_example', 'first_mes']) tryImport(json({ ...maud, [key]: long }));
    tryImport(json({ ...maud, character_book: { entries } }));
    // Takes about 50 ms; a pattern that backtracks takes minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  }
});

function tryImport(bytes: Buffer): void {
  try {
    importCard(bytes, 'long.json');
  } catch (error) {
    expect(error).toBeInstanceOf(ColloquyError);
  }
}

function refusalOf(bytes: Buffer, fileName: string): string {
  try {
    importCard(bytes, fileName);
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-persona' });
    return (error as Error).message;
  }
  throw new Error('was not refused');
}

async function load(markdown: string): Promise<Persona> {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'persona.md'), markdown);
  return loadPersona('persona.md', { cwd: folder });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function base64(value: unknown): string {
  return json(value).toString('base64');
}

function makePng(chunks: readonly Buffer[]): Buffer {
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const picture = [chunk('IHDR', Buffer.alloc(13)), chunk('IDAT', Buffer.from('tEXt inside a picture'))];
  return Buffer.concat([signature, ...picture, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

function text(keyword: string, value: string): Buffer {
  return chunk('tEXt', Buffer.from(`${keyword}\0${value}`, 'latin1'));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function flipLastByte(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 0xff;
  return copy;
}
