import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codebaseIn, codebaseText, publish, writeFiles } from '../../../pipelines/codebase.ts';
import { filesOf, whyNoFileName } from '../../../pipelines/reply-files.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const fenced = (text: string, info = 'python'): string => `\`\`\`${info}\n${text}\n\`\`\``;

describe('files in a reply', () => {
  it.each([
    'main.py',
    '**main.py**',
    '### `main.py`',
    '`main.py`:',
    'File: main.py',
    'FILENAME: `main.py`',
    '1. main.py',
    '- **`main.py`**',
    'main.py\n',
    '\uFEFFmain.py',
    '**main.py** (the entry)',
    '1. **`main.py`** - the entry',
    'main.py — the entry',
  ])('are named by the line above the fence, however it is dressed: %j', (line) => {
    expect(filesOf(`Here it is.\n\n${line}\n${fenced('x = 1')}`)).toEqual({
      files: [{ name: 'main.py', text: 'x = 1\n' }],
      problems: [],
      unnamed: [],
    });
  });

  it.each(['python main.py', 'python:src/main.py', 'py title="main.py"'])(
    'may be named by the fence itself: %s',
    (info) => expect(filesOf(fenced('x', info)).files[0]?.name).toMatch(/main\.py$/),
  );

  it('may stand in a list, and be named by a comment at the top of the block', () => {
    const listed = `1. main.py\n\n   ${fenced('x = 1\n  y').replaceAll('\n', '\n   ')}\n2. The other:\n\n${fenced('# src/b.py\nz')}`;
    expect(filesOf(listed).files).toEqual([
      { name: 'main.py', text: 'x = 1\n  y\n' },
      { name: 'src/b.py', text: '# src/b.py\nz\n' },
    ]);
  });

  it.each(['Run it:', 'File structure:', 'Files', 'It prints the following.', 'e.g.', '...', 'Example 1.2:'])(
    'are not made of what is no name: %j',
    (line) => {
      const found = filesOf(`${line}\n${fenced('tree', 'text')}`);
      expect(found).toMatchObject({ files: [], problems: [] });
      expect(found.unnamed).toHaveLength(1);
    },
  );

  it.each([
    ['../x.py', 'leads out'],
    ['a/../../x.py', 'leads out'],
    ['/etc/passwd', 'must be relative'],
    ['~/x.py', 'must be relative'],
    ['C:\\x.py', 'character'],
    ['File:', 'is empty'],
    ['File: ``', 'is empty'],
    ['src/', 'names a folder'],
    ['.git/config', '.git'],
    ['a\u202eyp.py', 'character'],
  ])('are refused by a bad name, and that is said: %j', (line, why) => {
    const { files, problems } = filesOf(`${line}\n${fenced('x')}\n\nmain.py\n${fenced('y')}`);
    expect(files.map(({ name }) => name)).toEqual(['main.py']);
    expect(problems).toEqual([expect.stringContaining(why)]);
  });

  it('keep the fences that they hold themselves', () => {
    const readme = 'Start it:\n\n```sh\npython main.py\n```\n\nThat is all.';
    const { files } = filesOf(`README.md\n${fenced(readme, 'markdown')}\n\nmain.py\n${fenced('x')}`);
    expect(files).toEqual([
      { name: 'README.md', text: `${readme}\n` },
      { name: 'main.py', text: 'x\n' },
    ]);
  });

  it('that are cut off are no files', () => {
    const { files, problems } = filesOf(`a.py\n${fenced('x')}\n\nb.py\n\`\`\`python\ny`);
    expect(files.map(({ name }) => name)).toEqual(['a.py']);
    expect(problems).toEqual(['the block of b.py has no end; the reply was cut off']);
  });

  it('come back as they were, whatever they hold and are called', () => {
    const name = fc
      .string({
        unit: fc.constantFrom('a', 'b', '.', '/', ' ', '-', 'é', '#', '*'),
        minLength: 1,
        maxLength: 12,
      })
      .map((text) => path.posix.normalize(text.trim()))
      .filter((text) => whyNoFileName(text) === undefined && text === text.trim() && !/^[#*-]/.test(text));
    const line = fc.constantFrom('x = 1', '```', '```python', '````', '~~~', '', 'main.py', '  ', '# a');
    const text = fc
      .array(line, { maxLength: 8 })
      .map((lines) => (lines.length === 0 ? '' : `${lines.join('\n')}\n`));
    const files = fc.uniqueArray(fc.record({ name, text }), { selector: (file) => file.name, maxLength: 4 });
    fc.assert(
      fc.property(files, (codebase) => {
        const expected = codebase.map((file) => (file.text === '\n' ? { ...file, text: '' } : file));
        expect(filesOf(codebaseText(codebase)).files).toEqual(expected);
      }),
    );
  });
});

describe('a codebase', () => {
  it('is the last input that holds files', () => {
    const code = { name: 'code', text: codebaseText([{ name: 'a.py', text: 'x\n' }]) };
    const found = codebaseIn([{ name: 'plan', text: `as in old.py\n\nold.py\n${fenced('x')}` }, code]);
    expect(found.files.map(({ name }) => name)).toEqual(['a.py']);
    expect(found.others.map(({ name }) => name)).toEqual(['plan']);
    expect(() => codebaseIn([{ name: 'plan', text: 'Words.' }])).toThrow(
      'none of the inputs (plan) holds files',
    );
  });

  it('never leaves its folder by a link, nor writes through one', async () => {
    const root = await temporaryFolder();
    const [folder, elsewhere] = [path.join(root, 'in'), path.join(root, 'elsewhere')];
    for (const each of [folder, elsewhere]) mkdirSync(each);
    symlinkSync(elsewhere, path.join(folder, 'sub'));
    expect(() => writeFiles(folder, [{ name: 'sub/x.py', text: 'x' }])).toThrow('leads out of');
    writeFileSync(path.join(elsewhere, 'kept.py'), 'kept');
    symlinkSync(path.join(elsewhere, 'kept.py'), path.join(folder, 'main.py'));
    writeFiles(folder, [{ name: 'main.py', text: 'new' }]);
    expect(readFileSync(path.join(elsewhere, 'kept.py'), 'utf8')).toBe('kept');
    expect(() => writeFiles(folder, [{ name: 'main.py/x.py', text: 'x' }])).toThrow(
      /^main\.py\/x\.py cannot be written/,
    );
  });

  it('loses the files that a step had written before and has no longer', async () => {
    const root = await temporaryFolder();
    const place = { outputFolder: path.join(root, 'output'), stepFolder: root };
    publish(place, [
      { name: 'old.py', text: 'x' },
      { name: 'main.py', text: 'x' },
    ]);
    writeFileSync(path.join(root, 'output', 'mine.txt'), 'mine');
    publish(place, [{ name: 'main.py', text: 'y' }]);
    expect(() => readFileSync(path.join(root, 'output', 'old.py'))).toThrow('ENOENT');
    expect(readFileSync(path.join(root, 'output', 'mine.txt'), 'utf8')).toBe('mine');
  });
});
