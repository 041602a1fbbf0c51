import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEvent, MeetingEvent, MeetingSettings } from '../../journal/event.ts';
import type { Participant } from '../../wire/types.ts';
import { toLines, writeMeeting } from './journal.ts';

/** What somebody may call themselves who means ill. None of it may ever run, or leave the page. */
const hostileName = '<img src=x onerror=alert(1)>"\'</script><script>alert(2)</script>';
const hostileText =
  'See <script>alert(3)</script> <svg onload=alert(4)> [here](javascript:alert(5)) ![pixel](http://127.0.0.1:9/track.png)\u202e';

interface WrittenTurn {
  readonly text: string;
  readonly ms?: number;
  readonly input?: number;
  readonly output?: number;
  readonly inherited?: true;
}

interface WrittenMeeting {
  readonly name: string;
  /** ISO 8601. */
  readonly at: string;
  readonly seats: { readonly a: Participant; readonly b: Participant };
  readonly turns: readonly WrittenTurn[];
  readonly settings?: Partial<MeetingSettings>;
  readonly parent?: Extract<MeetingEvent, { type: 'meeting' }>['parent'];
  /** Put behind the turn of that number. */
  readonly behind?: Readonly<Record<number, readonly MeetingEvent[]>>;
  /** Absent: it never ended. */
  readonly stop?: Extract<MeetingEvent, { type: 'stop' }>;
}

/** The journal of a meeting that was never held, a turn every three seconds. */
function journalOf(meeting: WrittenMeeting): string {
  const { name, at, seats, turns, settings, parent, behind = {}, stop } = meeting;
  const events: MeetingEvent[] = [
    {
      type: 'meeting',
      meeting: name,
      ...(parent ? { parent } : {}),
      software: 'colloquy 0.1.0',
      settings: { hello: '/start', first: 'a', maxMessages: 40, maxSeconds: 0, flags: true, ...settings },
      seats,
    },
  ];
  for (const [index, { text, ms, input = 0, output = 0, inherited }] of turns.entries()) {
    const turn = index + 1;
    events.push({
      type: 'turn',
      seat: index % 2 === 0 ? 'a' : 'b',
      turn,
      text,
      ...(inherited
        ? { inherited }
        : {
            meta: {
              usage: { input, output, cached: 0 },
              ...(ms === undefined ? {} : { ms }),
              finish: 'stop',
            },
          }),
    });
    events.push(...(behind[turn] ?? []));
  }
  if (stop) events.push(stop);
  const begin = Date.parse(at);
  const stamped = events.map((event, index): JournalEvent => {
    return { v: 1, seq: index + 1, t: new Date(begin + index * 3_000).toISOString(), ...event };
  });
  return toLines(stamped);
}

const ada: Participant = {
  name: 'Ada',
  lang: 'en',
  gender: 'f',
  provider: 'openai',
  model: 'gpt-4o-mini',
  persona: { text: '# Ada\n\nYou count things.', sha256: '0' },
};
const bert: Participant = { name: 'Bert', lang: 'en', provider: 'anthropic', model: 'claude-sonnet-4' };
const prices = {
  a: { input: 0.15, output: 0.6, asOf: '2026-11-01' },
  b: { input: 3, output: 15, asOf: '2026-11-01' },
} as const;

const topics = [
  'A loom weaves algebraical patterns just as the other weaves flowers and leaves.',
  'Then the **engine** would weave *numbers*, if somebody wrote down the cards:\n\n```python\ncards = [n * n for n in range(10)]\nprint(sum(cards))\n```',
  'Which of them comes first is the question that nobody asks until it is too late.',
  'We could try it by hand: one, four, nine, sixteen.',
];

function longTalk(turns: number, from = 0): WrittenTurn[] {
  return Array.from({ length: turns }, (_, index) => ({
    text: `${topics[(index + from) % topics.length] ?? ''}${index >= 4 ? ` (${index + 1})` : ''}`,
    ms: 800 + ((index * 7919) % 5_000),
    input: 400 + index * 180,
    output: 60 + ((index * 31) % 160),
  }));
}

/** A folder of meetings with all that an archive has to show. */
export async function writeArchive(transcripts: string): Promise<void> {
  const meetings: readonly WrittenMeeting[] = [
    {
      name: '20261118-0900-ada-bert-k3f9',
      at: '2026-11-18T09:00:00.000Z',
      seats: { a: ada, b: bert },
      settings: { prices },
      turns: longTalk(24),
      behind: {
        2: [
          {
            type: 'block',
            seat: 'b',
            turn: 2,
            kind: 'code',
            number: 1,
            language: 'python',
            code: 'print(285)',
          },
          {
            ...{ type: 'result', seat: 'b', turn: 2, kind: 'code', number: 1, tier: 'bubblewrap' },
            ...{
              outcome: 'ok',
              output: '285\n',
              outputBytes: 4,
              files: [{ path: 'squares.csv', bytes: 12 }],
              ms: 21,
            },
          },
        ],
        6: [{ type: 'flag', seat: 'b', turn: 6, flag: 'broke-character', detail: 'As an AI language model' }],
      },
      stop: { type: 'stop', reason: 'max-messages' },
    },
    {
      name: '20261118-1130-ada-bert-f0rk',
      at: '2026-11-18T11:30:00.000Z',
      seats: { a: ada, b: { ...bert, model: 'claude-haiku-4' } },
      settings: { prices },
      parent: { meeting: '20261118-0900-ada-bert-k3f9', turn: 4, names: { a: 'Ada', b: 'Bert' } },
      turns: [
        ...longTalk(4).map(({ text }): WrittenTurn => ({ text, inherited: true })),
        {
          text: 'Which of them comes last is the question that somebody asks too late.',
          ms: 900,
          input: 500,
          output: 40,
        },
        { text: 'Nobody knows.', ms: 700, input: 620, output: 12 },
      ],
      stop: { type: 'stop', reason: 'end' },
    },
    {
      name: '20261119-1400-sokrates-heidi-gr3k',
      at: '2026-11-19T14:00:00.000Z',
      seats: {
        a: { name: 'Σωκράτης', lang: 'el', provider: 'ollama', model: 'llama3.2' },
        b: { name: 'Jürgen Groß', lang: 'de', provider: 'ollama', model: 'llama3.2' },
      },
      turns: [
        { text: 'Τι ἐστιν ἀρετή, ὦ φίλε; Οὐκ οἶδα.', ms: 2_100, input: 90, output: 22 },
        {
          text: 'Die Tugend ist, so glaube ich, ein Maß: weder zu viel noch zu wenig Übermut.',
          ms: 1_700,
          input: 130,
          output: 31,
        },
      ],
      stop: { type: 'stop', reason: 'stopped', detail: 'Ctrl-C' },
    },
    {
      name: '20261120-0800-hostile-eve-x55x',
      at: '2026-11-20T08:00:00.000Z',
      seats: {
        a: { name: hostileName, provider: 'command', model: '"><b>model</b>' },
        b: { name: '\u202eevE', lang: '"><img src=x>' },
      },
      turns: [{ text: hostileText }, { text: '' }],
      behind: { 2: [{ type: 'flag', seat: 'b', turn: 2, flag: 'empty', detail: 'not one word' }] },
      stop: { type: 'stop', reason: 'loop', detail: '<b>round</b> and round' },
    },
    {
      name: '20261121-0700-eliza-parry-1nt3',
      at: '2026-11-21T07:00:00.000Z',
      seats: {
        a: { name: 'Eliza', lang: 'en', provider: 'eliza' },
        b: { name: 'Parry', lang: 'en', provider: 'parry' },
      },
      turns: [
        { text: 'How do you do. Please tell me your problem.' },
        { text: 'I sit where I can see the door.' },
      ],
    },
  ];
  for (const meeting of meetings) await writeMeeting(transcripts, meeting.name, journalOf(meeting));
  const workspace = path.join(transcripts, '20261118-0900-ada-bert-k3f9', 'workspace');
  await mkdir(path.join(workspace, 'päge'), { recursive: true });
  await writeFile(path.join(workspace, 'squares.csv'), 'n,square\n3,9');
  await writeFile(path.join(workspace, 'päge', 'a%2fb.html'), '<script>alert(6)</script>');
}

const exchange = {
  ...{
    service: 'openai',
    model: 'gpt-4o-mini',
    system: 'Plan.',
    text: 'A game',
    reply: 'Steps',
    finish: 'stop',
  },
  ...{ usage: { input: 120, output: 480, cached: 0 }, ms: 2_300 },
};

/** A folder of runs: a pipeline that failed in the middle, and a coding task that was solved. */
export async function writeRuns(runs: string): Promise<void> {
  const pipeline = path.join(runs, '20261120-101500-engineering-ab12');
  const write = async (file: string, content: string | object): Promise<void> => {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  };
  const step = (state: string, more: object = {}): object => {
    return {
      v: 1,
      state,
      key: 'k',
      startedAt: '2026-11-20T10:15:00Z',
      ms: 2_300,
      attempts: 1,
      fromCache: false,
      ...more,
    };
  };
  await write(path.join(pipeline, 'run.json'), {
    ...{
      v: 1,
      pipeline: 'engineering',
      request: 'A game of *snake* for the terminal',
      software: 'colloquy 0.1.0',
    },
    ...{ startedAt: '2026-11-20T10:15:00.000Z', endedAt: '2026-11-20T10:16:30.000Z', outcome: 'failed' },
  });
  await write(
    path.join(pipeline, 'pipeline.yml'),
    `- { module: start_module, output_name: request }
- { module: code_planner, inputs: [request], output_name: plan }
- { module: engineer, inputs: [request, plan], output_name: code }
- { module: judge, inputs: [code], output_name: verdict, when: { output: plan, matches: game } }
- { module: create_readme, inputs: [code], output_name: readme }
`,
  );
  await write(path.join(pipeline, 'steps/request/step.json'), step('done', { ms: 1 }));
  await write(path.join(pipeline, 'steps/request/output.md'), 'A game of *snake*');
  await write(path.join(pipeline, 'steps/plan/step.json'), step('done', { fromCache: true }));
  await write(path.join(pipeline, 'steps/plan/output.md'), `# Plan\n\n1. Draw\n2. ${hostileText}`);
  await write(path.join(pipeline, 'steps/plan/exchanges/001.json'), exchange);
  await write(
    path.join(pipeline, 'steps/code/step.json'),
    step('failed', { attempts: 3, error: 'the reply names a file outside: ../x' }),
  );
  await write(path.join(pipeline, 'prompts.md'), '# Prompts\n\n## plan\n\nPlan it.');
  await write(
    path.join(pipeline, 'report.html'),
    '<!doctype html><title>Report</title><h1>The report</h1><script>parent.alert(7)</script>',
  );
  await write(path.join(pipeline, 'output/<b>&.py'), 'print(1)');

  const coding = path.join(runs, '20261121-080000-code-cd34');
  await write(path.join(coding, 'run.json'), {
    ...{ v: 1, kind: 'code', state: 'solved', task: 'Print the first ten primes.\nOne a line.', out: 'x.py' },
    ...{
      startedAt: '2026-11-21T08:00:00.000Z',
      endedAt: '2026-11-21T08:00:40.000Z',
      software: 'colloquy 0.1.0',
    },
  });
  const events = [
    { type: 'phase', phase: 'plan' },
    {
      type: 'answered',
      id: '1',
      role: 'planner',
      service: 'openai',
      model: 'gpt-4o-mini',
      usage: exchange.usage,
      ms: 900,
      isKept: false,
    },
    { type: 'planned', plan: '1. Sieve\n2. Print' },
    { type: 'phase', phase: 'dependencies' },
    { type: 'dependencies', packages: [], votes: [] },
    { type: 'phase', phase: 'code', attempt: 1 },
    { type: 'sample', attempt: 1, sample: 1, temperature: 0.2, score: 9.5, findings: [] },
    {
      type: 'ran',
      attempt: 1,
      sample: 1,
      trial: {
        passed: false,
        summary: 'it ended with exit code 1',
        output: 'Traceback ```',
        ms: 40,
        files: [],
        tests: [],
      },
    },
    { type: 'phase', phase: 'code', attempt: 2 },
    { type: 'sample', attempt: 2, sample: 1, temperature: 0.2, score: 10, findings: [] },
    {
      type: 'ran',
      attempt: 2,
      sample: 1,
      trial: {
        passed: true,
        summary: 'it ended with exit code 0',
        output: '2\n3\n5',
        ms: 38,
        files: [],
        tests: [],
      },
    },
    { type: 'finished', result: {} },
  ];
  await write(
    path.join(coding, 'events.jsonl'),
    events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  );
  await write(path.join(coding, 'report.md'), '# Solved\n\nThe second attempt printed ten primes.');
}

export const hostileMeeting = '20261120-0900-all-of-them-0000';
export const hostileRun = '20261120-110000-evil-0000';

/** Each text as a name, a model, a turn, a persona, a file, a flag, an end, an output of a run. */
export async function writeHostileArchive(
  { transcripts, runs }: { readonly transcripts: string; readonly runs: string },
  texts: readonly string[],
): Promise<void> {
  for (const [index, text] of texts.entries()) {
    const name = `20261120-0900-all-of-them-${String(index).padStart(4, '0')}`;
    const journal = journalOf({
      name,
      at: '2026-11-20T09:00:00.000Z',
      seats: {
        a: { name: text, lang: text, provider: text, model: text, persona: { text, sha256: text } },
        b: { name: `B ${text}`, model: text, parameters: { [text]: text } },
      },
      // The first one holds them all.
      turns: (index === 0 ? texts : [text]).map((each) => ({ text: each })),
      behind: { 1: [{ type: 'flag', seat: 'a', turn: 1, flag: 'spoke-both', detail: text }] },
      stop: { type: 'stop', reason: 'error', detail: text },
    });
    await writeMeeting(transcripts, name, journal);
  }
  const workspace = path.join(transcripts, hostileMeeting, 'workspace');
  const run = path.join(runs, hostileRun);
  await mkdir(path.join(run, 'steps', 'evil'), { recursive: true });
  await mkdir(workspace);
  for (const text of texts) {
    const fileName = text.replace(/[\u0000/]/g, '_').slice(0, 60);
    if (/^\.*$/.test(fileName)) continue;
    await writeFile(path.join(workspace, fileName), text);
    await writeFile(path.join(run, fileName), text);
  }
  const all = texts.join('\n\n');
  await writeFile(
    path.join(run, 'run.json'),
    JSON.stringify({ pipeline: all, request: all, error: all, startedAt: '2026-11-20T11:00:00Z' }),
  );
  await writeFile(path.join(run, 'pipeline.yml'), '- { module: evil, output_name: evil }\n');
  await writeFile(
    path.join(run, 'steps', 'evil', 'step.json'),
    JSON.stringify({ state: 'done', error: all, ms: 1 }),
  );
  await writeFile(path.join(run, 'steps', 'evil', 'output.md'), all);
  await writeFile(path.join(run, 'report.md'), all);
}
