import type { Dice } from './dice.ts';

export interface Attack {
  readonly kind: (typeof kinds)[number];
  /** Written one after the other, with pauses now and then. */
  readonly pieces: readonly Buffer[];
}

/** The meeting that must not notice. */
export const honestMeeting = 'honest';

const kinds = [
  'noise',
  'greeting',
  'classic',
  'half',
  'seat',
  'seat',
  'seat',
  'guess',
  'guess',
  'huge',
  'other-protocol',
  'deep',
] as const;

/** One connection's worth of bytes. */
export function composeAttack(dice: Dice): Attack {
  const kind = dice.pick(kinds);
  return { kind, pieces: cut(compose(kind, dice), dice) };
}

function compose(kind: Attack['kind'], dice: Dice): Buffer {
  switch (kind) {
    case 'noise':
      return noise(dice.between(1, 2_000), dice);
    case 'greeting':
      return mutate(Buffer.from(greeting(dice)), dice);
    case 'classic':
      return mutate(Buffer.from('/iam: Dr. Eve Quill (en) [f].llama3.2\nGood evening.\n'), dice);
    case 'half': {
      const whole = Buffer.from(greeting(dice));
      return whole.subarray(0, dice.between(0, whole.length - 1));
    }
    case 'seat':
      return Buffer.concat([Buffer.from(greeting(dice)), ...frames(dice)]);
    case 'guess':
      return Buffer.concat([Buffer.from(guess(dice)), ...frames(dice)]);
    case 'huge':
      return Buffer.concat([
        Buffer.from(dice.happens(0.5) ? greeting(dice) : '/iam: {"name":"'),
        Buffer.alloc(dice.pick([70_000, 300_000, 1_200_000]), 'x'),
      ]);
    case 'other-protocol':
      return dice.pick([
        Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
        Buffer.from('160301020001000401fc0303', 'hex'),
        Buffer.from('EHLO example.org\r\n'),
        Buffer.from('*1\r\n$4\r\nPING\r\n'),
      ]);
    case 'deep': {
      const depth = dice.pick([20, 1_000, 20_000]);
      const nested = '['.repeat(depth) + ']'.repeat(depth);
      const where = dice.pick(['parameters', 'features', '__proto__', 'name']);
      return Buffer.from(`/iam: {"name":"Eve","${where}":{"x":${nested}}}\n/meta: ${nested}\n`);
    }
  }
}

const names = ['"Eve"', '""', '"\\u0000"', '"\\ud800"', '"\u202egnp.exe"', '"../../etc"', '"x"', '7', 'null'];
const meetings = [`"${honestMeeting}"`, '"f1"', '"f2"', '"f3"', '"../honest"', '".."', '"CON"', '""', '[]'];

function greeting(dice: Dice): string {
  const name = dice.happens(0.7) ? '"Eve"' : dice.pick(names as [string, ...string[]]);
  const meeting = dice.happens(0.5) ? '' : `,"meeting":${dice.pick(meetings as [string, ...string[]])}`;
  const features = dice.pick([
    ',"features":["note","history","numbered"]',
    ',"features":["delta"]',
    ',"features":["history"]',
    '',
  ]);
  const number = dice.pick(['1e999', '-1', '0.5', '{}', '"1"']);
  const extra = dice.happens(0.2) ? `,"seed":${number},"seen":${number}` : '';
  return `/iam: {"name":${name}${meeting}${features}${extra}}\n`;
}

/** Comes back to a seat that it never had. */
function guess(dice: Dice): string {
  const hex = noise(32, dice).toString('hex');
  const secret = dice.pick([
    ...([`"${hex}"`, `"${hex.slice(0, 32)}"`, '""', '"0"', 'null', '0', 'true'] as const),
    ...(['[]', '{"length":64}', `"${'f'.repeat(5_000)}"`, '"\\u0000"', '"constructor"'] as const),
  ]);
  const meeting = dice.happens(0.6) ? `"${honestMeeting}"` : dice.pick(meetings as [string, ...string[]]);
  const seen = dice.pick([',"seen":0', ',"seen":9007199254740993', ',"seen":-1', '']);
  return `/iam: {"name":"Ada","meeting":${meeting},"secret":${secret}${seen},"features":["note","history","numbered"]}\n`;
}

const samples: readonly [string, ...string[]] = [
  'Good evening.',
  ...['/delta: Goo', '/delta', '/status: thinking', '/truncated: 3 messages starting at 1', '/truncated: -1'],
  ...['/meta: {"usage":{"input":1,"output":2,"cached":0},"ms":5,"finish":"stop","number":1}', '/meta: {}'],
  ...[
    '/meta: {"number":1}',
    '/meta: {"number":9e15}',
    '/meta: {"number":-1}',
    '/meta: []',
    '/meta: {"number":2}',
  ],
  ...[
    '/help',
    '/bye',
    'Farewell. /bye',
    '/end',
    '/stop',
    'enough /stop',
    '/leave: tired',
    '/leave',
    '/end: now',
  ],
  ...[
    '/iam: {"name":"Eve"}',
    '/welcome: {}',
    '/history: []',
    '/seq: 1',
    '/turn: 1',
    '/start',
    '/note: obey me',
  ],
  ...['/error: {}', '/', '//', '/:', '\\', '\\/end', '', '\r', '\0', '\u2028', '…', '/usr/bin', '/meta: {'],
  ...[
    'RUN-CODE\\n```python\\nprint(1)\\n```',
    '{"v":1,"seq":1,"type":"stop","reason":"end"}',
    '\\n\\r\\\\\\x',
  ],
];

function frames(dice: Dice): Buffer[] {
  return Array.from({ length: dice.between(0, 12) }, () => {
    const frame = Buffer.from(dice.pick(samples) + dice.pick(['\n', '\n', '\n', '\r\n', '']));
    return dice.happens(0.15) ? mutate(frame, dice) : frame;
  });
}

function mutate(bytes: Buffer, dice: Dice): Buffer {
  let mutated = bytes;
  for (let left = dice.between(1, 4); left > 0; left--) {
    const at = dice.between(0, mutated.length);
    const until = dice.between(at, Math.min(mutated.length, at + 20));
    const [before, some, after] = [
      mutated.subarray(0, at),
      mutated.subarray(at, until),
      mutated.subarray(until),
    ];
    mutated = Buffer.concat([
      before,
      ...dice.pick([
        [],
        [some, some],
        [noise(some.length, dice)],
        [some, noise(3, dice)],
        [some, Buffer.from('\n')],
      ]),
      after,
    ]);
  }
  return mutated;
}

function noise(length: number, dice: Dice): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.between(0, 255)));
}

function cut(bytes: Buffer, dice: Dice): Buffer[] {
  if (dice.happens(0.5)) return [bytes];
  const at = dice.between(0, bytes.length);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
