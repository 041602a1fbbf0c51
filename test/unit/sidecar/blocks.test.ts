import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Extracted, extractBlocks } from '../../../sidecar/blocks.ts';
import { readPieces } from '../../../sidecar/fences.ts';

const marked = (text: string): Extracted => extractBlocks(text, 'marked');
const fenced = (text: string): Extracted => extractBlocks(text, 'fenced');
const codes = ({ blocks }: Extracted): string[] => blocks.map(({ code }) => code);
const words = ({ problems }: Extracted): string[] => problems.map(({ message }) => message);

describe('a marked block', () => {
  it('is code below RUN-CODE and a test below TEST-ASSERT, in order and numbered by kind', () => {
    const text = [
      'I add.\n\nRUN-CODE\n```python\ndef add(a, b):\n    return a + b\n```',
      'TEST-ASSERT\n```python\nassert add(1, 2) == 3\n```\nand',
      'RUN-CODE\n```bash\nls\n```',
      'TEST-ASSERT\n```\nassert True\n```\nBye.',
    ].join('\n\n');
    expect(marked(text)).toEqual({
      blocks: [
        { kind: 'code', number: 1, language: 'python', code: 'def add(a, b):\n    return a + b' },
        { kind: 'test', number: 1, language: 'python', code: 'assert add(1, 2) == 3' },
        { kind: 'code', number: 2, language: 'bash', code: 'ls' },
        { kind: 'test', number: 2, language: 'python', code: 'assert True' },
      ],
      problems: [],
    });
  });

  it.each([
    ['trailing white space', 'RUN-CODE  \t '],
    ['much trailing white space', `RUN-CODE${' '.repeat(500)}`],
    ['a colon', 'RUN-CODE:'],
    ['a full stop', 'RUN-CODE.'],
    ['bold stars', '**RUN-CODE**'],
    ['bold stars and a colon inside', '**RUN-CODE:**'],
    ['bold stars and a colon outside', '**RUN-CODE**:'],
    ['underscores', '__RUN-CODE__'],
    ['backticks', '`RUN-CODE`'],
    ['three backticks', '```RUN-CODE```'],
    ['a heading', '### RUN-CODE'],
    ['a closed heading', '## **RUN-CODE** ##'],
    ['brackets', '[RUN-CODE]'],
    ['a rule around it', '--- RUN-CODE ---'],
    ['a number', 'RUN-CODE 1:'],
    ['a number with a hash', 'RUN-CODE #2'],
    ['a bullet', '- RUN-CODE'],
    ['the number of a list', '12. RUN-CODE'],
    ['a quote', '> RUN-CODE'],
    ['indentation', '   RUN-CODE'],
    ['small letters', 'run-code'],
    ['title case', 'Run-Code:'],
    ['a hyphen that does not break', 'RUN\u2011CODE'],
    ['a zero-width space', '\u200bRUN-CODE\u200b'],
    ['a line separator', 'RUN-CODE\u2028'],
  ])('may have a marker with %s', (_what, marker) => {
    expect(marked(`Look:\n${marker}\n\`\`\`python\nx = 1\n\`\`\``)).toEqual({
      blocks: [{ kind: 'code', number: 1, language: 'python', code: 'x = 1' }],
      problems: [],
    });
  });

  it.each([
    ['blank lines before it', 'RUN-CODE\n\n \t\n```python\nx = 1\n```'],
    ['the marker before its backticks', 'RUN-CODE ```python\nx = 1\n```'],
    ['the bold marker before its backticks', '**RUN-CODE:** ```python\nx = 1\n```'],
    ['the quoted marker before its backticks', '`RUN-CODE` ```python\nx = 1\n```'],
    ['the marker after its backticks', '```RUN-CODE\nx = 1\n```'],
    ['the marker after its language', '```python RUN-CODE\nx = 1\n```'],
    ['the marker as its first line', '```python\nRUN-CODE\nx = 1\n```'],
    ['the marker in a first comment', '```python\n\n# RUN-CODE\nx = 1\n```'],
    ['the marker both above and inside', 'RUN-CODE\n```python\nRUN-CODE\nx = 1\n```'],
    ['tildes', 'RUN-CODE\n~~~python\nx = 1\n~~~'],
    ['a long fence', 'RUN-CODE\n``````python\nx = 1\n``````'],
    ['a longer closing fence', 'RUN-CODE\n```python\nx = 1\n`````'],
    ['white space after the closing fence', 'RUN-CODE\n```python\nx = 1\n``` \t'],
    ['tildes and backticks in its info', 'RUN-CODE\n~~~python `x`\nx = 1\n~~~'],
    ['CR LF', 'RUN-CODE\r\n```python\r\nx = 1\r\n```\r\n'],
    ['CR alone', 'RUN-CODE\r```python\rx = 1\r```'],
    ['an indentation', 'RUN-CODE\n  ```python\n  x = 1\n  ```'],
    ['an indentation by a tab', 'RUN-CODE\n\t```python\n\tx = 1\n\t```'],
    ['an indented fence around code that is not', 'RUN-CODE\n   ```python\nx = 1\n   ```'],
    ['a bullet', '- RUN-CODE\n  ```python\n  x = 1\n  ```'],
    ['a bullet of its own', 'RUN-CODE\n- ```python\n  x = 1\n  ```'],
    ['the number of a list', '10. RUN-CODE\n\n    ```python\n    x = 1\n    ```'],
    ['a quote', '> RUN-CODE\n> ```python\n> x = 1\n> ```'],
    ['a quote without spaces', '>RUN-CODE\n>```python\n>x = 1\n>```'],
    ['a quote in a list in a quote', '> - > RUN-CODE\n>   > ```python\n>   > x = 1\n>   > ```'],
  ])('may have %s', (_what, text) => {
    expect(marked(text)).toEqual({
      blocks: [{ kind: 'code', number: 1, language: 'python', code: 'x = 1' }],
      problems: [],
    });
  });

  it.each([
    ['', 'python'],
    ['python', 'python'],
    [' Python', 'python'],
    ['py', 'python'],
    ['python3', 'python'],
    ['python3.12', 'python'],
    ['ipython', 'python'],
    ['{.python}', 'python'],
    ['{python .numberLines}', 'python'],
    ['python title="x y"', 'python'],
    ['python{1,3}', 'python'],
    ['python:main.py', 'python'],
    ['language-python', 'python'],
    ['pytest', 'python'],
    ['bash', 'bash'],
    ['sh', 'bash'],
    ['shell', 'bash'],
    ['js', 'javascript'],
    ['JavaScript', 'javascript'],
    ['node', 'javascript'],
  ])('with "%s" after its fence is %s', (info, language) => {
    expect(marked(`RUN-CODE\n\`\`\`${info}\nx\n\`\`\``).blocks).toMatchObject([{ language }]);
  });

  it.each([
    ['in a list', '- RUN-CODE\n  ```\n  if x:\n      y()\n\n  z()\n  ```', 'if x:\n    y()\n\nz()'],
    ['in a list with tabs', '1.\tRUN-CODE\n\t```\n\tif x:\n\t\ty()\n\t```', 'if x:\n\ty()'],
    ['in a list with a tab too wide', 'RUN-CODE\n- ```\n  if x:\n\ty()\n  ```', 'if x:\n  y()'],
    ['in a quote', '> RUN-CODE\n> ```\n> if x:\n>     y()\n>\n> z()\n> ```', 'if x:\n    y()\n\nz()'],
    ['in a list that the code does not follow', 'RUN-CODE\n   ```\nif x:\n  y()\n   ```', 'if x:\n  y()'],
    [
      'and a string that begins its lines',
      '  RUN-CODE\n  ```\n  s = """\na\n  """\n  ```',
      's = """\na\n"""',
    ],
    ['and blank lines at either end', 'RUN-CODE\n```\n\nx = 1\n\n```', '\nx = 1\n'],
    ['and trailing spaces', 'RUN-CODE\n```\nx = 1  \n```', 'x = 1  '],
    ['and a line separator in a string', 'RUN-CODE\n```\ns = "\u2028\u0085\f"\n```', 's = "\u2028\u0085\f"'],
    ['and a shorter fence in it', 'RUN-CODE\n````\ns = """\n```\n"""\n````', 's = """\n```\n"""'],
    ['and a fence of the other kind in it', 'RUN-CODE\n```\ns = """\n~~~\n"""\n```', 's = """\n~~~\n"""'],
    [
      'and a fence in its docstring',
      'RUN-CODE\n```\nd = """\n    ```\n    """\n```',
      'd = """\n    ```\n    """',
    ],
    ['and a marker in it', 'RUN-CODE\n```\ns = """\nTEST-ASSERT\n"""\n```', 's = """\nTEST-ASSERT\n"""'],
    ['and quotes in it', 'RUN-CODE\n```\ns = """\n> a\n"""\n```', 's = """\n> a\n"""'],
  ])('%s keeps its code', (_what, text, code) => {
    expect(marked(text)).toMatchObject({ blocks: [{ code }], problems: [] });
  });

  it.each([
    ['a mention in a sentence', 'Write RUN-CODE before the block:\n```python\nx = 1\n```'],
    ['a mention that ends a sentence', 'The marker is **RUN-CODE**.\n```python\nx = 1\n```'],
    ['a sentence of mentions', 'I use RUN-CODE and TEST-ASSERT in my turns.'],
    ['a sentence that begins with a marker', 'RUN-CODE is how one runs code.\n\nIs it not?'],
    ['small letters alone', 'run-code\n\nis what we do.'],
    ['a longer word', 'RUN-CODES\n```python\nx = 1\n```\nPRE-RUN-CODE\n```python\nx = 1\n```'],
    ['a block without a marker', 'RUN-CODE later.\n\nLook:\n```python\nx = 1\n```'],
    ['a marker in a block of text', '````text\nRUN-CODE\n```python\nx = 1\n```\n````'],
    ['a marker in a block of Markdown', '~~~md\nTEST-ASSERT\n```python\nassert x\n```\n~~~'],
    ['a marker far below the top of a block', '```python\nx = 1\nRUN-CODE\n```'],
    ['no code at all', 'Hello ``` there'],
  ])('is not seen in %s', (_what, text) => {
    expect(marked(text)).toEqual({ blocks: [], problems: [] });
  });
});

describe('a block that cannot be run', () => {
  it.each([
    [
      'a marker alone',
      'Hm.\n\n\nRUN-CODE',
      /^line 4: RUN-CODE stands alone; put a fenced block \(```python … ```\) /,
    ],
    ['a marker above prose', 'TEST-ASSERT\nHere it is:\n```\nx\n```', /^line 1: TEST-ASSERT stands alone/],
    ['code without a fence', 'RUN-CODE\nx = 1', /^line 1: RUN-CODE stands alone/],
    ['an unclosed fence', 'RUN-CODE\n```python\nx = 1', /^line 2: this fence is never closed.* a line ```$/],
    [
      'a fence closed by too few',
      'RUN-CODE\n````python\nx\n```',
      /^line 2: this fence is never closed.* a line ````$/,
    ],
    [
      'a fence closed by the other kind',
      'RUN-CODE\n~~~\nx\n```',
      /^line 2: this fence is never closed.* a line ~~~$/,
    ],
    [
      'a fence left open in a quote',
      '> RUN-CODE\n> ```\n> x\n\ny',
      /^line 2: this fence is not closed within its quote.* > ```$/,
    ],
    [
      'a fence left open around markers',
      '```text\nRUN-CODE\n~~~\nx\n~~~',
      /^line 1: this fence is never closed/,
    ],
    [
      'an unknown language',
      'RUN-CODE\n```rust\nx\n```',
      /^line 2: "rust" is not run here; .* python, bash, javascript$/,
    ],
    [
      'a console session',
      'RUN-CODE\n```pycon\n>>> x\n```',
      /^line 2: a console session is not run; .* without >>>/,
    ],
    ['a console session under python', 'RUN-CODE\n```python\n>>> x\n1\n```', /^line 2: a console session/],
    ['an empty block', 'TEST-ASSERT\n```python\n```', /^line 2: the block is empty/],
    ['a block of blank lines', 'RUN-CODE\n```python\n\n  \n```', /^line 2: the block is empty/],
    ['a block of a marker', '```python\nRUN-CODE\n```', /^line 1: the block is empty/],
    [
      'two kinds at once',
      'RUN-CODE\n```python\nTEST-ASSERT\nx\n```',
      /^line 2: RUN-CODE and TEST-ASSERT both mark/,
    ],
    [
      'a sentence for a marker',
      'RUN-CODE: it prints\n```python\nx\n```',
      /^line 1: write RUN-CODE alone on its line/,
    ],
    [
      'a fence within a fence',
      '````\nRUN-CODE\n```python\nx\n```\n````',
      /^line 1: a fence opens inside the fence/,
    ],
  ])('is said to be: %s', (_what, text, message) => {
    const { blocks, problems } = marked(text);
    expect(blocks).toEqual([]);
    expect(problems).toEqual([
      { line: Number(/\d+/.exec(problems[0]!.message)), message: problems[0]!.message },
    ]);
    expect(problems[0]!.message).toMatch(message);
  });

  it('does not stop the others, before or after', () => {
    const text =
      'RUN-CODE\nTEST-ASSERT\n```\na\n```\nRUN-CODE\n```cobol\nb\n```\nRUN-CODE\n```\nc\n```\nRUN-CODE\n```\nd';
    expect(codes(marked(text))).toEqual(['a', 'c']);
    expect(words(marked(text))).toEqual([
      expect.stringMatching(/^line 1: RUN-CODE is followed by another marker on line 2; put a fenced block/),
      expect.stringMatching(/^line 7: "cobol"/),
      expect.stringMatching(/^line 15: this fence is never closed/),
    ]);
  });

  it('ends with the quote it stands in', () => {
    const { blocks, problems } = marked('> RUN-CODE\n> ```\n> x\n\nRUN-CODE\n```\ny\n```');
    expect(blocks).toMatchObject([{ code: 'y' }]);
    expect(problems).toMatchObject([{ line: 2 }]);
  });

  it('takes no number', () => {
    const text = 'RUN-CODE\n```rust\na\n```\nRUN-CODE\n```\nb\n```';
    expect(marked(text).blocks).toMatchObject([{ number: 1, code: 'b' }]);
  });

  it('is one of at most twenty that are told of', () => {
    const { problems } = marked('RUN-CODE\n'.repeat(50));
    expect(problems).toHaveLength(20);
    expect(problems[19]!.message).toBe('line 20: this and 30 more after it are wrong too');
  });
});

describe('a fenced block', () => {
  it('below TEST-ASSERT is a test, as speakers are used to, and the next one is code again', () => {
    const text =
      'TEST-ASSERT\n\n```python\nx\n```\n```python\ny\n```\nTEST-ASSERT\nnot here\n```python\nz\n```';
    expect(fenced(text).blocks.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      'test x',
      'code y',
      'code z',
    ]);
  });

  it('is code in python and a test in python-test or pytest, whatever stands around', () => {
    const text = [
      '```python\nx = 1\n```\n```py\ny = 2\n```\n\nThen:\n~~~ pytest\nassert x\n~~~',
      '- ```Python-Test\n  assert y\n  ```',
    ].join('\n');
    expect(fenced(text).blocks).toEqual([
      { kind: 'code', number: 1, language: 'python', code: 'x = 1' },
      { kind: 'code', number: 2, language: 'python', code: 'y = 2' },
      { kind: 'test', number: 1, language: 'python', code: 'assert x' },
      { kind: 'test', number: 2, language: 'python', code: 'assert y' },
    ]);
  });

  it.each(['', 'text', 'bash', 'javascript', 'rust', 'pycon', 'markdown'])(
    'of another language, "%s", is left alone',
    (info) => {
      expect(fenced(`\`\`\`${info}\nx\n\`\`\``)).toEqual({ blocks: [], problems: [] });
    },
  );

  it('is told of when it is unclosed, empty or a console session', () => {
    const text = '```python\n```\n\n```py\n>>> x\n```\n```python\nx';
    expect(fenced(text).blocks).toEqual([]);
    expect(fenced(text).problems.map(({ line }) => line)).toEqual([1, 4, 7]);
  });

  it('needs no marker, and a marker means nothing', () => {
    expect(fenced('RUN-CODE\n```python\nx\n```\nRUN-CODE').blocks).toMatchObject([{ kind: 'code' }]);
    expect(fenced('RUN-CODE').problems).toEqual([]);
  });
});

/** Lines of what a program may be made of, and of what could be taken for something else. */
const codeLine = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, '')),
  fc.constantFrom(
    '',
    '    x = 1',
    '\ty',
    '> z',
    '- a',
    '``',
    '```',
    '~~~',
    '    ```',
    'RUN-CODE',
    'x # TEST-ASSERT',
  ),
);
const code = fc
  .array(codeLine, { minLength: 1 })
  .map((lines) => ['x = 0', ...lines].join('\n'))
  .filter((text) => !text.includes('~~~~~'));
const anyTurn = fc
  .array(
    fc.constantFrom(
      ...[
        'RUN-CODE',
        'TEST-ASSERT',
        '```',
        '````',
        '~~~',
        'python',
        'rust',
        '\n',
        '\n',
        '\r\n',
        '\r',
        ' ',
        '\t',
        '> ',
      ],
      ...['- ', '1. ', '**', ':', 'x = 1', '>>> ', 'run-code', '\u2028', '{', '`'],
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''));

describe('any text', () => {
  it('gives back, byte for byte, the code that was put into a fence', () => {
    fc.assert(
      fc.property(code, (text) => {
        const turn = `RUN-CODE\n~~~~~python\n${text}\n~~~~~\nBye.`;
        expect(marked(turn)).toMatchObject({ blocks: [{ code: text }], problems: [] });
        expect(fenced(turn)).toMatchObject({ blocks: [{ code: text }], problems: [] });
      }),
    );
  });

  it('gives the same code from within a list and a quote', () => {
    fc.assert(
      fc.property(code, fc.constantFrom('> ', '   ', '> > ', '>   ', '\t'), (text, prefix) => {
        const turn = `RUN-CODE\n~~~~~\n${text}\n~~~~~`;
        const inside = turn.split('\n').map((line) => prefix + line);
        expect(codes(marked(inside.join('\n')))).toEqual([text]);
      }),
    );
  });

  it('means the same with LF, CR LF and CR', () => {
    fc.assert(
      fc.property(anyTurn, (text) => {
        const lines = text.replace(/\r\n?/g, '\n');
        expect(marked(text)).toEqual(marked(lines));
        expect(marked(lines.replaceAll('\n', '\r\n'))).toEqual(marked(lines));
        expect(fenced(lines.replaceAll('\n', '\r\n'))).toEqual(fenced(lines));
      }),
    );
  });

  it('never throws, and numbers what it finds in order', () => {
    fc.assert(
      fc.property(fc.oneof(anyTurn, fc.string({ unit: 'binary' })), (text) => {
        for (const { blocks, problems } of [marked(text), fenced(text)]) {
          for (const kind of ['code', 'test']) {
            const numbers = blocks.filter((block) => block.kind === kind).map(({ number }) => number);
            expect(numbers).toEqual(numbers.map((_, index) => index + 1));
          }
          expect(problems.map(({ line }) => line)).toEqual(
            problems.map(({ line }) => line).sort((one, other) => one - other),
          );
          expect(blocks.every((block) => block.code.trim() !== '')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read into pieces that leave no line out', () => {
    fc.assert(
      fc.property(anyTurn, (text) => {
        const pieces = readPieces(text);
        const lines = pieces.map((piece) =>
          piece.type === 'line' ? 1 : 1 + piece.lines.length + (piece.isClosed ? 1 : 0),
        );
        expect(lines.reduce((sum, count) => sum + count, 0)).toBe(text.split(/\r\n|\r|\n/).length);
      }),
    );
  });
});

describe('a megabyte meant to be slow', () => {
  const mebibyte = 1_048_576;
  const fill = (piece: string): string => piece.repeat(Math.ceil(mebibyte / piece.length));
  it.each([
    ['backticks', fill('`')],
    ['backticks and spaces', `RUN-CODE ${fill('``` ')}`],
    ['backticks after a marker', `RUN-CODE ${fill('`')} x\``],
    ['tildes', fill('~')],
    ['markers', fill('RUN-CODE\n')],
    ['markers in a line', fill('RUN-CODE ')],
    ['quotes', `RUN-CODE\n${fill('>')}`],
    ['quotes before a marker', `${fill('>')}x RUN-CODE`],
    ['quoted fences that end at once', `RUN-CODE\n${fill('> ```\nx\n')}`],
    [
      'unclosed fences of growing length',
      `RUN-CODE\n${Array.from({ length: 1_400 }, (_, n) => '`'.repeat(n + 3)).join('\n')}`,
    ],
    ['bullets', `RUN-CODE\n${fill('- ')}\`\`\``],
    ['digits', `RUN-CODE\n${fill('1')}`],
    ['numbers of lists', `RUN-CODE\n${fill('1. ')}`],
    ['spaces', `RUN-CODE${fill(' ')}x`],
    ['stars', `RUN-CODE${fill('*')}x`],
    ['tabs in a fence', `RUN-CODE\n\`\`\`\n${fill('\t')}`],
    ['blank lines', `RUN-CODE${fill('\n')}`],
    ['blocks', fill('RUN-CODE\n```\nx\n```\n')],
    ['words after a fence', `RUN-CODE\n\`\`\`${fill('RUN-CODE ')}`],
  ])('is read in no time: %s', (_what, text) => {
    const start = performance.now();
    marked(text);
    fenced(text);
    // What takes time with the square takes minutes; this takes 200 ms where it takes longest.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('a marker', () => {
  it.each(['RUN_CODE', 'RUN CODE', '**RUN CODE:**', 'run_code'])('may be written %s', (marker) => {
    expect(marked(`${marker}\n\`\`\`python\nx\n\`\`\``).blocks).toMatchObject([{ kind: 'code', code: 'x' }]);
  });

  it('is no pair of words in small letters', () => {
    expect(marked('### Run code\n```python\nx\n```')).toEqual({ blocks: [], problems: [] });
    expect(marked('TEST ASSERTIONS\n```python\nx\n```')).toEqual({ blocks: [], problems: [] });
  });
});
