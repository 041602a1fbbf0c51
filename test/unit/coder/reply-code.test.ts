import { expect, it } from 'vitest';
import { codeOf } from '../../../coder/reply-code.ts';

const fence = '```';

it.each([
  ['a byte order mark before the fence', `\uFEFF${fence}python\nprint(1)\n${fence}`],
  ['a byte order mark in the fence', `${fence}python\n\uFEFFprint(1)\n${fence}`],
  ['lines that end with CR LF', `Here:\r\n${fence}py\r\nprint(1)\r\n${fence}\r\n`],
  ['no end of the fence', `Here:\n${fence}Python title="a.py"\nprint(1)`],
  [
    'a block of another language',
    `${fence}bash\npip install nothing\n${fence}\n${fence}python\nprint(1)\n${fence}`,
  ],
  [
    'a block of what it prints',
    `${fence}\nprint(1)\n${fence}\nprints\n${fence}\n1 and nothing else\n${fence}`,
  ],
  ['no fence', 'print(1)'],
])('finds the program in a reply with %s', (_, reply) => {
  expect(codeOf(reply)).toBe('print(1)\n');
});

it.each(['x = 1', '"""What it does."""\n\nfor i in range(3):\n    pass', 'async def main():\n    pass'])(
  'takes %j for a program where there is no fence',
  (program) => expect(codeOf(program)).toBe(`${program}\n`),
);

it.each(['I cannot do that.', `${fence}bash\nls\n${fence}`, `${fence}\n${fence}`, ''])(
  'finds none in %j',
  (reply) => expect(codeOf(reply)).toBeUndefined(),
);
