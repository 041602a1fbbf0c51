import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { ControlAction, ControlStatus } from '../../proxy/control-request.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { seats, type Seat } from '../../wire/types.ts';
import { UsageError } from '../failure.ts';
import { describeMeeting, folderFlag, resolveFolder, resolveMeeting } from '../meeting-folder.ts';

const actions = [
  'status',
  'pause',
  'resume',
  'step',
  'whisper',
  'say',
  'limits',
  'take',
  'give',
  'approve',
  'stop',
] as const;

const flags = {
  ...folderFlag,
  'max-messages': {
    alias: 'M',
    type: 'number',
    describe: 'With limits: end after so many messages; 0: never',
  },
  'max-seconds': { type: 'number', describe: 'With limits: end after so many seconds; 0: never' },
  'max-tokens': { type: 'number', describe: 'With limits: end after so many tokens of both; 0: never' },
  'max-cost': { type: 'number', describe: 'With limits: end after so many US dollars; 0: never' },
  goodbye: { type: 'boolean', describe: 'With stop: let the two say goodbye' },
  json: { type: 'boolean', describe: 'Print how the meeting is as JSON' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & {
  meeting?: string | undefined;
  action?: (typeof actions)[number] | undefined;
  words?: string[] | undefined;
};

export const controlCommand: CommandModule<object, Flags> = {
  command: 'control [meeting] [action] [words..]',
  describe: 'Moderate a meeting that goes on: pause, whisper, take a seat over; without a meeting, list them',
  builder: (cli) =>
    cli
      // Else of several words only the last is left.
      .parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false })
      .positional('meeting', { type: 'string', describe: describeMeeting })
      .positional('action', {
        choices: actions,
        describe:
          'What to do; whisper, take and give need a seat, a or b; approve a number, and yes or no [default: status]',
      })
      .positional('words', { type: 'string', array: true, describe: 'The seat, and what to say' })
      .options(flags),
  handler: runControl,
};

async function runControl(argv: Flags): Promise<void> {
  const { meeting, action = 'status', words = [] } = argv;
  if (meeting === undefined) return list(argv);
  const request = toRequest(action, words.map(String), argv);
  const folder = await findFolder({ ...argv, meeting });
  if (request.action === 'take') {
    const { takeSeat } = await import('../take-seat.ts');
    return takeSeat(folder, request.seat);
  }
  const { ControlClient } = await import('../../proxy/control-client.ts');
  const client = await ControlClient.connect(folder);
  try {
    const { status, step } = await client.ask(request);
    if (argv.json) return void process.stdout.write(JSON.stringify(status) + '\n');
    if (step === 'next') process.stdout.write('Nothing waits; the next turn will be let through.\n');
    process.stdout.write(await describe(status));
  } finally {
    client.close();
  }
}

/** Rejects with UsageError. */
function toRequest(action: (typeof actions)[number], words: readonly string[], argv: Flags): ControlAction {
  const limits = toLimits(argv);
  if (action !== 'limits' && Object.keys(limits).length > 0) {
    throw new UsageError(
      '--max-messages, --max-seconds, --max-tokens and --max-cost belong to limits: colloquy control MEETING limits …',
    );
  }
  if (action !== 'stop' && argv.goodbye) throw new UsageError('--goodbye belongs to stop');
  switch (action) {
    case 'whisper':
      return { action, seat: seatOf(action, words[0]), text: textOf(action, words.slice(1)) };
    case 'say':
      return { action, text: textOf(action, words) };
    case 'take':
    case 'give':
      refuseWords(action, words.slice(1));
      return { action, seat: seatOf(action, words[0]) };
    case 'limits':
      refuseWords(action, words);
      if (Object.keys(limits).length === 0) {
        throw new UsageError(
          'which limit? Say --max-messages, --max-seconds, --max-tokens or --max-cost N; 0 is none',
        );
      }
      return { action, limits };
    case 'approve':
      refuseWords(action, words.slice(2));
      return { action, id: numberOf(words[0]), verdict: verdictOf(words[1]) };
    case 'stop':
      refuseWords(action, words);
      return { action: argv.goodbye ? 'goodbye' : 'stop' };
    case 'status':
    case 'pause':
    case 'resume':
    case 'step':
      refuseWords(action, words);
      return { action };
  }
}

function toLimits(argv: Flags): Extract<ControlAction, { action: 'limits' }>['limits'] {
  const given = {
    maxMessages: argv['max-messages'],
    maxSeconds: argv['max-seconds'],
    maxTokens: argv['max-tokens'],
    maxCost: argv['max-cost'],
  };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const isLimit = name === 'maxCost' ? Number.isFinite(value) : Number.isSafeInteger(value);
    if (isLimit && value >= 0) continue;
    throw new UsageError(
      name === 'maxCost' ? 'a cost is in US dollars; 0 is none' : 'a limit is a whole number; 0 is none',
    );
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function seatOf(action: string, word: string | undefined): Seat {
  const seat = seats.find((each) => each === word);
  if (!seat) throw new UsageError(`which seat? Say colloquy control MEETING ${action} a, or b`);
  return seat;
}

function numberOf(word = ''): number {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw new UsageError(
    'which block? Say colloquy control MEETING approve N yes, or no; "status" shows the numbers of those that wait',
  );
}

function verdictOf(word: string | undefined): 'yes' | 'no' {
  if (word === 'yes' || word === 'no') return word;
  throw new UsageError('may it run? Say colloquy control MEETING approve N yes, or no');
}

function textOf(action: string, words: readonly string[]): string {
  const text = words.join(' ').trim();
  if (text === '') throw new UsageError(`there is nothing to ${action}`);
  return text;
}

function refuseWords(action: string, words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`${action} takes no ${JSON.stringify(words[0])}`);
}

async function findFolder(argv: Flags & { readonly meeting: string }): Promise<string> {
  try {
    return await resolveMeeting(argv);
  } catch (error) {
    if (!(error instanceof ColloquyError) || error.code !== 'unknown-meeting') throw error;
    throw new UsageError(`${error.message}. What is held with --no-transcript cannot be controlled`);
  }
}

/** The meetings that go on, each with how it is. */
async function list(argv: Flags): Promise<void> {
  const { listMeetings } = await import('../../journal/meetings.ts');
  const { readControlFile } = await import('../../proxy/control-file.ts');
  const { isHeld } = await import('../../proxy/seats-file.ts');
  const { ControlClient } = await import('../../proxy/control-client.ts');
  let found = 0;
  for (const { folder, ended } of await listMeetings(await resolveFolder(argv))) {
    const file = ended === 'unfinished' ? readControlFile(folder) : undefined;
    if (!file || !isHeld(file)) continue;
    // It may end this very moment.
    const client = await ControlClient.connect(folder).catch(() => undefined);
    const reply = await client?.ask({ action: 'status' }).catch(() => undefined);
    client?.close();
    if (!reply) continue;
    found++;
    process.stdout.write(argv.json ? JSON.stringify(reply.status) + '\n' : await describe(reply.status));
  }
  if (found === 0 && !argv.json) process.stdout.write('No meeting goes on that could be controlled.\n');
}

async function describe(status: ControlStatus): Promise<string> {
  const { visibleLine } = await import('../../journal/render/visible-controls.ts');
  const { formatDuration } = await import('../../journal/render/sentences.ts');
  const { meeting, names, turns, elapsedMs, isPaused, steps, waiting, taken, limits, approvals } = status;
  const facts = [
    `${turns} ${turns === 1 ? 'turn' : 'turns'}${limits.maxMessages > 0 ? ` of ${limits.maxMessages}` : ''}`,
    `${formatDuration(elapsedMs)}${limits.maxSeconds > 0 ? ` of ${formatDuration(limits.maxSeconds * 1_000)}` : ''}`,
    isPaused ? 'paused' : 'goes on',
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(steps > 0 ? [`${steps} to be let through`] : []),
    ...approvals.map(({ id, name }) => `${name} waits for approve ${id}`),
    ...taken.map((seat) => `seat ${seat} taken over`),
  ];
  const pair = `${visibleLine(names.a)} (a) and ${visibleLine(names.b)} (b)`;
  return `${visibleLine(meeting)}: ${pair}: ${facts.join(', ')}\n`;
}
