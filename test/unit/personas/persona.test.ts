import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../config/errors.ts';
import { packageRoot } from '../../../config/paths.ts';
import {
  checkPersona,
  loadPersona,
  maxPersonaBytes,
  parsePersona,
  type Persona,
} from '../../../personas/persona.ts';
import { temporaryFolder } from '../../support/temporary.ts';

describe('the title of a persona', () => {
  it.each<[string, Partial<Persona>]>([
    [
      '# Gardener Persona: Maud Ferris (en) [f]',
      { name: 'Maud Ferris', kind: 'Gardener', lang: 'en', gender: 'f' },
    ],
    ['# Gardener Persona: Dr. Maud Ferris', { name: 'Dr. Maud Ferris', kind: 'Gardener' }],
    ['# Maud (pt-BR)', { name: 'Maud', lang: 'pt-BR' }],
    ['# Maud [n]', { name: 'Maud', gender: 'n' }],
    ['# Persona: Maud', { name: 'Maud' }],
    ['# gardener persona:   Maud   (en)   ##', { name: 'Maud', kind: 'gardener', lang: 'en' }],
    ['# Robot Persona: R2 (unit) (en) [n]', { name: 'R2 (unit)', kind: 'Robot', lang: 'en', gender: 'n' }],
    ['#\tΣωκράτης (el)', { name: 'Σωκράτης', lang: 'el' }],
    ['Before it.\n\n# Maud (en)', { name: 'Maud', lang: 'en' }],
    ['# C# (en) #', { name: 'C#', lang: 'en' }],
    ['# Rules\n\n# Gardener Persona: Maud (en)', { name: 'Maud', kind: 'Gardener', lang: 'en' }],
    ['# General Instructions\n\nOn /start speak.\n\n# Maud (en)', { name: 'Maud', lang: 'en' }],
    ['# Instructions\n\nPrune.', { name: 'maud' }],
    ['```sh\n# a comment\n~~~\n```\n\n# Maud (en)', { name: 'Maud', lang: 'en' }],
    [`# Maud${' '.repeat(50_000)}Ferris (en)`, { name: 'Maud Ferris', lang: 'en' }],
    [`# ${'x'.repeat(1_000)} (en)`, { name: 'x'.repeat(400) }],
    ['## Only a section', { name: 'maud' }],
    ['No title at all.', { name: 'maud' }],
  ])('%j says who it is', async (title, expected) => {
    const { name, kind, lang, gender } = await load(`${title}\n\nYou prune.\n`);
    expect({ name, kind, lang, gender }).toEqual({
      kind: undefined,
      lang: undefined,
      gender: undefined,
      ...expected,
    });
  });
});

describe('front matter', () => {
  it('goes before the title, and sets what an agent needs', async () => {
    const persona = await load(
      [
        '---',
        'name: Lady Maud',
        'lang: fr',
        'gender: n',
        'service: ollama',
        'model: llama3.2',
        'temperature: 0.4',
        'max_tokens: 300',
        'seed: 7',
        'opening: "Late: again?"',
        '---',
        '',
        '# Gardener Persona: Maud (en) [f]',
        '',
        'You prune.',
      ].join('\n'),
    );
    const { text, own, file, sha256, ...rest } = persona;
    expect(rest).toEqual({
      name: 'Lady Maud',
      kind: 'Gardener',
      lang: 'fr',
      gender: 'n',
      service: 'ollama',
      model: 'llama3.2',
      temperature: 0.4,
      maxTokens: 300,
      seed: 7,
      opening: 'Late: again?',
    });
    expect(path.basename(file)).toBe('maud.md');
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(text).not.toMatch(/llama|Late/);
    expect(own).toBe('# Gardener Persona: Maud (en) [f]\n\nYou prune.');
    expect(text.endsWith(`\n\n${own}`)).toBe(true);
  });

  it('may be empty, and dashes further down are only a rule', async () => {
    expect((await load('---\n---\n# Maud (en)\n\nYou prune.\n')).name).toBe('Maud');
    const { text } = await load('# Maud (en)\n\nYou prune.\n\n---\nname: Nobody\n---\n');
    expect(text).toMatch(/---\nname: Nobody\n---$/);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'a misspelt key',
      'temprature: 1',
      ['maud.md:2:1 unknown key "temprature", did you mean "temperature"?'],
    ],
    [
      'a value out of range',
      'seed: 1\ntemperature: 3',
      ['maud.md:3:14 temperature must be at most 2, not 3'],
    ],
    ['a wrong type', 'seed: 1.5', ['maud.md:2:7 seed must be a whole number, not 1.5']],
    [
      'an unknown service',
      'service: olama',
      [
        'maud.md:2:10 service must be one of openai, anthropic, ollama, lmstudio, eliza, parry, scripted, command, pipeline, ' +
          'not "olama", did you mean "ollama"?',
      ],
    ],
    ['an empty text', 'goal: ""', ['maud.md:2:7 goal must not be empty']],
    ['a blank text', 'opening: "  "', ['maud.md:2:10 opening must not be empty']],
    ['a list', '- one\n- two', ['maud.md:2:1 must be a mapping, not ["one","two"]']],
    [
      'a key that stands there twice',
      'seed: 1\nseed: 2\nmodel: 3',
      ['maud.md:3:1 key "seed" stands here twice', 'maud.md:4:8 model must be a string, not 3'],
    ],
    [
      'several mistakes',
      'seed: x\ncolour: red\ntemperature: hot',
      [
        'maud.md:2:7 seed must be a number, not "x"',
        'maud.md:3:1 unknown key "colour"',
        'maud.md:4:14 temperature must be a number, not "hot"',
      ],
    ],
  ])('with %s is refused with every position', async (_, yaml, problems) => {
    expect(await problemsOf(`---\n${yaml}\n---\n\n# Maud (en)\n\nYou prune.\n`)).toEqual(problems);
  });

  it('with a mistake of YAML is refused at its line', async () => {
    const problems = await problemsOf(
      '---\nseed: 1\nopening: "never closed\n---\n\n# Maud (en)\n\nYou prune.\n',
    );
    expect(problems[0]).toMatch(/^maud\.md:\d+:\d+ Missing closing "quote/);
  });
});

describe('the instructions that all share', () => {
  it('stand in front of a persona, and its goal behind it', async () => {
    const { text } = await load('---\ngoal: Sell the park.\n---\n# Maud (en)\n\nYou prune.\n');
    expect(text).toMatch(
      /^# How this conversation works\n[^]*\n\n# Maud \(en\)\n\nYou prune\.\n\n## Your goal\n\nSell the park\.$/,
    );
  });

  it.each([
    ['has a heading for them', '# Maud (en)\n\n## Instructions\n\nPrune.'],
    ['has a heading for control messages', '# Maud (en)\n\n### Control Messages\n\nNone.'],
    ['has a heading for general instructions', '# General instructions\n\nPrune.'],
    ['explains the words itself', '# Maud (en)\n\nOn /start say hello, on /bye say goodbye.'],
    ['says so', '---\ninstructions: false\n---\n# Maud (en)\n\nYou prune.'],
  ])('are left out of a file that %s', async (_, markdown) => {
    expect((await load(markdown)).text).toBe(markdown.replace(/^---[^]*---\n/, ''));
  });

  it('stand in front of a file that looks as if it had some but wants them', async () => {
    const { text } = await load('---\ninstructions: true\n---\n# Maud (en)\n\n## Instructions\n\nPrune.');
    expect(text).toMatch(/^# How this conversation works\n/);
  });

  it('are those beside the persona where there are any', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, '_instructions.md'), '\nShout.\n\n');
    await writeFile(path.join(folder, 'maud.md'), '# Maud (en)\n\nYou prune.\n');
    expect(loadPersona('maud.md', { cwd: folder }).text).toBe('Shout.\n\n# Maud (en)\n\nYou prune.');
  });
});

describe('the bytes of a persona', () => {
  it('may begin with a BOM and have lines of any system', async () => {
    const plain = await load('---\nseed: 7\n---\n\n# Maud (en)\n\nYou prune.\n');
    for (const newline of ['\r\n', '\r']) {
      const other = await load(
        `\uFEFF---\nseed: 7\n---\n\n# Maud (en)\n\nYou prune.\n`.replaceAll('\n', newline),
      );
      expect(other).toEqual({ ...plain, file: other.file });
    }
  });

  it.each<[string, Buffer, string]>([
    ['no UTF-8', Buffer.from([0x23, 0x20, 0xff, 0xfe]), 'maud.md is not UTF-8; save it as UTF-8'],
    ['none', Buffer.alloc(0), 'maud.md is empty; write who the agent is'],
    ['only front matter', Buffer.from('---\nseed: 1\n---\n\n'), 'maud.md is empty; write who the agent is'],
    ['too many', Buffer.alloc(256 * 1024 + 1, 'x'), 'maud.md has 262145 bytes; a persona may have 262144'],
  ])('that are %s are refused', async (_, bytes, problem) => {
    expect(await problemsOf(bytes)).toEqual([problem]);
  });
});

describe('a persona that is no file', () => {
  const given = { shown: 'a.persona', name: 'Speaker A' };

  it('is read as a file would be, with the instructions that come along', () => {
    const text =
      '---\nlang: nl\nopening: Dag.\n---\r\n\r\n# Gardener Persona: Maud (en)\r\n\r\nYou prune.\r\n';
    const persona = parsePersona(text, given);
    expect(persona).toMatchObject({ name: 'Maud', kind: 'Gardener', lang: 'nl', opening: 'Dag.', file: '' });
    expect(persona.text).toMatch(/\/bye[^]*# Gardener Persona: Maud \(en\)\n\nYou prune\.$/);
    expect(parsePersona('You prune.', given).name).toBe('Speaker A');
  });

  it.each([
    ['', 'a.persona is empty; write who the agent is'],
    ['---\nservise: eliza\n---\n\nx', 'a.persona:2:1 unknown key "servise"'],
    [
      'x'.repeat(maxPersonaBytes + 1),
      `a.persona has ${maxPersonaBytes + 1} bytes; a persona may have ${maxPersonaBytes}`,
    ],
  ])('says what is wrong by the name it is given: %.20j', (text, sentence) => {
    expect(() => parsePersona(text, given)).toThrow(sentence);
  });
});

describe('the name of a persona', () => {
  it('may be a file, or stand in personas/ of the working folder before that of the program', async () => {
    const folder = await temporaryFolder();
    expect(loadPersona('therapist', { cwd: folder }).name).toBe('Dr. Winifred Oakes');
    await mkdir(path.join(folder, 'personas'));
    await writeFile(path.join(folder, 'personas', 'therapist.md'), '# Mine (en)\n\nYou listen.\n');
    expect(loadPersona('therapist', { cwd: folder }).name).toBe('Mine');
    expect(loadPersona('therapist.md', { cwd: folder }).name).toBe('Mine');
    expect(loadPersona('personas/therapist.md', { cwd: folder }).name).toBe('Mine');
    await writeFile(path.join(folder, 'therapist'), '# Nearest (en)\n\nYou listen.\n');
    expect(loadPersona('therapist', { cwd: folder }).name).toBe('Nearest');
  });

  it('may be that of one that comes with the program, as it stands in its folder', async () => {
    const folder = await temporaryFolder();
    for (const name of ['therapist', 'therapist.md', 'personas/therapist', 'personas/therapist.md']) {
      expect(loadPersona(name, { cwd: folder }).name, name).toBe('Dr. Winifred Oakes');
    }
  });

  it.each([
    ['theraphist', 'theraphist not found; did you mean personas/therapist.md?'],
    ['personas/theraphist.md', 'personas/theraphist.md not found; did you mean personas/therapist.md?'],
    ['elsewhere/therapist.md', 'elsewhere/therapist.md not found; did you mean personas/therapist.md?'],
    ['xyzzy-plugh-quux', 'xyzzy-plugh-quux not found'],
    ['readme', 'readme not found'],
  ])('%j is not found, with the nearest where one is near', async (name, message) => {
    const folder = await temporaryFolder();
    expect(() => loadPersona(name, { cwd: folder })).toThrow(
      new ConfigError([{ where: name, message: message.slice(name.length + 1) }]),
    );
    expect(show(checkPersona(name, { cwd: folder }))).toEqual([message]);
  });
});

describe('a check', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'no title',
      'You prune.',
      [
        'maud.md:1:1 has no title; begin it with "# Kind Persona: Name (lang) [gender]"',
        'maud.md:1:1 names no language; add it to the title, such as (en)',
      ],
    ],
    [
      'no language',
      '---\nseed: 1\n---\n\n\n# Maud\n\nYou prune.',
      ['maud.md:6:1 names no language; add it to the title, such as (en)'],
    ],
    [
      'a language that is none',
      '\n# Maud (english)\n\nYou prune.',
      ['maud.md:2:1 "english" is no language code; write one such as en or pt-BR'],
    ],
    ['only headings', '# Maud (en)\n\n## Who you are\n', ['maud.md:1:1 says nothing about who the agent is']],
    [
      'a language that is none in its front matter',
      '---\nseed: 1\nlang: english\n---\n\n# Maud\n\nYou prune.',
      ['maud.md:3:7 "english" is no language code; write one such as en or pt-BR'],
    ],
    [
      'control characters in its front matter',
      '---\nname: "Maud\\nFerris"\nopening: "\\e[2J"\ngoal: "one\\ntwo"\n---\n\n# Maud (en)\n\nYou prune.',
      ['maud.md:2:7 name holds a control character', 'maud.md:3:10 opening holds a control character'],
    ],
    [
      'front matter that never ends',
      '---\nseed: 1\n\n# Maud (en)\n\nYou prune.',
      ['maud.md:1:1 begins with ---, but no second --- ends the front matter'],
    ],
    ['a control character', '# Maud (en)\n\nYou\u001b[2J prune.', ['maud.md:3:1 holds a control character']],
    ['nothing wrong', '# Maud (en)\n\nYou\tprune.', []],
  ])('of a persona with %s says so', async (_, markdown, problems) => {
    expect(await problemsOf(markdown)).toEqual(problems);
  });
});

it('reads a title that is long and repetitive without getting slow', async () => {
  for (const piece of [' ', '#', '(', '[', '(en) ', '() ', 'Persona: ', '`', '# ']) {
    const started = performance.now();
    await problemsOf(`# x${piece.repeat(Math.floor(200_000 / piece.length))}y\n\nYou prune.`);
    // Takes about 10 ms; a pattern that backtracks takes minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  }
});

describe('the personas that come with the program', () => {
  const folder = path.join(packageRoot, 'personas');
  const files = readdirSync(folder).filter((file) => file.endsWith('.md') && !/^(_|README)/.test(file));
  const personas = files.map((file) => loadPersona(path.join(folder, file), { cwd: packageRoot }));

  it.each(files)('%s is fine', (file) => {
    expect(show(checkPersona(path.join('personas', file), { cwd: packageRoot }))).toEqual([]);
  });

  it('are sixteen or more, in five languages or more, no two of one name', () => {
    expect(personas.length).toBeGreaterThanOrEqual(16);
    expect(new Set(personas.map(({ lang }) => lang)).size).toBeGreaterThanOrEqual(5);
    expect(new Set(personas.map(({ name }) => name)).size).toBe(personas.length);
  });

  it('leave the control messages to the shared instructions', () => {
    for (const { file, text } of personas) expect(text, file).toMatch(/^# How this conversation works\n/);
  });
});

async function writePersona(content: string | Buffer): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'maud.md'), content);
  return folder;
}

async function load(markdown: string): Promise<Persona> {
  return loadPersona('maud.md', { cwd: await writePersona(markdown) });
}

async function problemsOf(content: string | Buffer): Promise<readonly string[]> {
  return show(checkPersona('maud.md', { cwd: await writePersona(content) }));
}

function show(problems: ConfigError['problems']): readonly string[] {
  return problems.map(({ where, message }) => `${where} ${message}`);
}
