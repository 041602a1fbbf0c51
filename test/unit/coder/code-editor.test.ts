import { expect, it } from 'vitest';
import { CodeEditor } from '../../../coder/code-editor.ts';
import type { Project } from '../../../sidecar/project/project.ts';

it('adds, changes and deletes lines, which count from 1 and include both ends', () => {
  const editor = new CodeEditor('a\nb\nc\n');
  expect(editor.add('x\ny\n', 2).source).toBe('a\nx\ny\nb\nc\n');
  expect(editor.change(2, 4, 'z').source).toBe('a\nz\nc\n');
  expect(editor.delete(1, 2).source).toBe('c\n');
  expect(editor.add('d').source).toBe('c\nd\n');
  expect(editor.display()).toBe('1 | c\n2 | d\n');
  expect(editor.add(Array.from({ length: 9 }, () => 'e').join('\n')).display(9, 10)).toBe(' 9 | e\n10 | e\n');
});

it('takes changes back, and makes them again', () => {
  const editor = new CodeEditor('a').add('b').delete(1);
  expect([editor.undo(), editor.source]).toEqual([true, 'a\nb\n']);
  expect([editor.undo(), editor.undo(), editor.source]).toEqual([true, false, 'a\n']);
  expect([editor.redo(), editor.source]).toEqual([true, 'a\nb\n']);
  editor.add('c');
  expect(editor.redo()).toBe(false);
});

it('says which lines there are where others are named, and changes nothing', () => {
  const editor = new CodeEditor('a\nb\n');
  expect(() => editor.delete(3)).toThrow('line 3 does not exist: there are lines 1 to 2');
  expect(() => editor.change(0, 1, 'x')).toThrow('lines 0 to 1 do not exist');
  expect(() => editor.change(2, 1, 'x')).toThrow(
    'lines 2 to 1 are no range: the first comes before the last',
  );
  expect(() => editor.add('x', 4)).toThrow('line 4 cannot be added: lines can be added at 1 to 3');
  expect(() => new CodeEditor().delete(1)).toThrow('line 1 does not exist: there are no lines');
  expect(() => editor.delete(1.5)).toThrow('does not exist');
  expect(editor.source).toBe('a\nb\n');
  expect(new CodeEditor().display()).toBe('');
});

it('runs the program in the sandbox it is given, and leaves that open', async () => {
  let seen = '';
  const project = {
    run: async ({ entry, seconds }: { entry: string; seconds: number }) => {
      seen = `${entry} ${seconds}`;
      return { type: 'exited', code: 0, output: '', outputBytes: 0, ms: 1, files: [] };
    },
    close: () => {
      throw new Error('not ours to close');
    },
  } as unknown as Project;
  expect(await new CodeEditor('print(1)').run({ project, seconds: 5 })).toMatchObject({
    type: 'exited',
    code: 0,
  });
  expect(seen).toBe('main.py 5');
});
