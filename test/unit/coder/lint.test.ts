import { describe, expect, it } from 'vitest';
import { createLinter, scoreOf } from '../../../coder/lint.ts';
import { codeOf } from '../../../coder/reply-code.ts';

describe('linting', async () => {
  const lint = await createLinter();

  it('gives a clean program ten, one that does not parse nothing, and others something between', async () => {
    expect(await lint('x = 1\nprint(x)\n')).toEqual({ score: 10, findings: [], parses: true });
    const broken = await lint('def f(:\n');
    expect(broken).toMatchObject({ score: 0, parses: false });
    expect(broken.findings[0]).toMatchObject({ code: 'invalid-syntax', line: 1, isError: true });
    const unused = await lint('import os\n\n\ndef f():\n    return 1\n\n\nprint(f())\n');
    const undefinedName = await lint('import sys\n\n\ndef f():\n    return y\n\n\nprint(f(), sys)\n');
    expect(unused.score).toBe(7.5);
    expect(undefinedName.score).toBe(0);
    expect(undefinedName.findings[0]).toMatchObject({ code: 'F821', line: 5, column: 12, isError: true });
  });

  it('does not let a program say which rules do not count', async () => {
    const { findings } = await lint('# ruff: noqa\nimport os  # noqa: F401\n');
    expect(findings.map(({ code }) => code)).toContain('F401');
  });

  it('never scores below nothing', () => {
    expect(scoreOf('x\n', [{ isError: true }, { isError: true }, { isError: true }])).toBe(0);
    expect(scoreOf('# nothing\n', [])).toBe(0);
  });
});

describe('the program in a reply', () => {
  it('is the longest block of Python', () => {
    expect(
      codeOf(
        '```bash\npip install a-very-long-name-of-a-package\n```\n```python\nx = 1\n```\n```py\ny = 2\nz = 3\n```',
      ),
    ).toBe('y = 2\nz = 3\n');
    expect(codeOf('```\nprint(1)\n```')).toBe('print(1)\n');
  });

  it('is the whole reply where that is code, and nothing where there is none', () => {
    expect(codeOf('import os\nprint(os.name)')).toBe('import os\nprint(os.name)\n');
    expect(codeOf('I am sorry, I cannot do that.')).toBeUndefined();
    expect(codeOf('```python\n\n```')).toBeUndefined();
  });
});
