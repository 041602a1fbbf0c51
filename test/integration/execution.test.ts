import { describe, expect, it } from 'vitest';
import type { Block, BlockResult } from '../../journal/block.ts';
import type { Approval, ExecutionOptions } from '../../proxy/execution.ts';
import type { Runner } from '../../sidecar/link.ts';
import { createPolicy } from '../../sidecar/policy.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';

/** Runs nothing: says what the code says it should. */
class PretendedRunner implements Runner {
  readonly tier = 'pretended';
  readonly ran: Block[] = [];
  readonly closed: string[] = [];
  #held: ((result: BlockResult) => void) | undefined;

  run(_session: string, _turn: number, block: Block): Promise<BlockResult> {
    this.ran.push(block);
    if (block.code === 'hold') return new Promise((resolve) => (this.#held = resolve));
    const [word = '', ...rest] = block.code.split(' ');
    const outcome = word === 'ok' ? 'ok' : word === 'lost' ? 'lost' : 'failed';
    return Promise.resolve(result(outcome, rest.join(' '), outcome === 'ok' ? undefined : `${word}: no`));
  }

  release(): void {
    this.#held?.(result('ok', 'held'));
  }

  closeSession(session: string): void {
    this.closed.push(session);
  }
}

function result(outcome: BlockResult['outcome'], output = '', detail?: string): BlockResult {
  return {
    outcome,
    output,
    outputBytes: output.length,
    ...(detail === undefined ? {} : { detail }),
    files: [],
    ms: 1,
  };
}

interface Table extends TestRelay {
  readonly a: RawClient;
  readonly b: RawClient;
  readonly runner: PretendedRunner;
  readonly meeting: string;
}

/** Two who take notes, unless `plain` seats, with a runner between them. */
async function seat(
  changes: {
    readonly settings?: Partial<ExecutionOptions['settings']>;
    readonly approve?: () => Promise<Approval>;
    readonly plainA?: boolean;
    readonly maxMessages?: number;
  } = {},
): Promise<Table> {
  const runner = new PretendedRunner();
  const approval = changes.approve
    ? { approval: { approve: changes.approve, policy: createPolicy(permissive) } }
    : {};
  const settings = {
    seats: 'both',
    blocks: 'marked',
    passes: 2,
    policy: false,
    approve: false,
    limits: { seconds: 10 },
    ...changes.settings,
  } as const;
  const relay = await startRelay(
    { maxMessages: changes.maxMessages ?? 0 },
    { settings, runner, ...approval },
  );
  const features = ['note'];
  const a = await RawClient.greet(relay.ports.a, { name: 'Ann', features: changes.plainA ? [] : features });
  const b = await RawClient.greet(relay.ports.b, { name: 'Ben', features });
  await b.until('/welcome');
  await a.until('/start\n');
  const { meeting } = await relay.event('paired');
  await b.until(/\/note: .*\n|\}\n/);
  return { ...relay, a, b, runner, meeting };
}

const permissive = { policy: false, allowed_domains: [], allowed_extensions: [] };

function code(text: string): string {
  return `RUN-CODE\\n\`\`\`python\\n${text}\\n\`\`\``;
}

function test(text: string): string {
  return `TEST-ASSERT\\n\`\`\`python\\n${text}\\n\`\`\``;
}

describe('a turn with code', () => {
  it('reaches the partner with the result below it, and the author as a note', async () => {
    const { a, b } = await seat();
    a.send(`Look at this.\\n${code('ok 55')}\n`);
    const heard = await b.until(/^Look at this.*\n/m);
    expect(heard).toContain('Code block 1 output:\\n```text\\n55\\n```');
    expect(await a.until(/\/note: Results.*\n/)).toContain('Code block 1 output:\\n```text\\n55\\n```');
  });

  it('is journaled with its block and its result before anybody is told', async () => {
    const { a, b, journal, meeting } = await seat();
    a.send(`${code('ok 55')}\n`);
    await b.until('Code block 1 output');
    const types = journal(meeting).map(({ type }) => type);
    expect(types.slice(types.indexOf('turn'))).toEqual(['turn', 'block', 'result', 'note']);
    expect(journal(meeting).find(({ type }) => type === 'result')).toMatchObject({
      seat: 'a',
      turn: 1,
      kind: 'code',
      number: 1,
      outcome: 'ok',
      output: '55',
      tier: 'pretended',
    });
  });

  it('keeps the text beside a block that was not run to its end', async () => {
    const { a, b } = await seat();
    a.send(`Before.\\n${code('bad')}\\nAfter.\n`);
    const heard = await b.until(/^Before\..*\n/m);
    expect(heard).toContain('After.');
    expect(heard).toContain('Code block 1: failed: bad: no');
  });

  it('runs its blocks in their order, and numbers them by kind', async () => {
    const { a, b, runner } = await seat();
    a.send(`${code('ok 1')}\\n${test('bad')}\\n${code('ok 2')}\n`);
    const heard = await b.until(/^RUN-CODE.*\n/m);
    expect(runner.ran.map(({ kind, number }) => `${kind} ${number}`)).toEqual(['code 1', 'test 1', 'code 2']);
    expect(heard).toMatch(/Code block 1 output:.*Test block 1: failed.*Code block 2 output:/);
  });

  it('that cannot be taken for any is explained to its author, and to whoever watches', async () => {
    const { a, b, runner, seen } = await seat();
    a.send('Now.\\n\\nRUN-CODE\\n\\nThere.\n');
    expect(await b.until(/^Now\..*\n/m)).toMatch(/\nNow\.\\n\\nRUN-CODE\\n\\nThere\.\n$/);
    expect(await a.until(/\/note: Not run.*\n/)).toMatch(/RUN-CODE/);
    expect(runner.ran).toEqual([]);
    expect(seen).toContainEqual(expect.objectContaining({ type: 'problems', seat: 'a', turn: 1 }));
  });

  it('has its results told with the next words to an author that takes no notes', async () => {
    const { a, b } = await seat({ plainA: true });
    a.send(`${code('ok 55')}\n`);
    await b.until('Code block 1 output');
    b.send('I see.\n');
    expect(await a.until('I see.')).toMatch(/Results of your code:.*55.*I see\./);
  });

  it('that fills a frame has its results told in a note ahead of it', async () => {
    const { a, b } = await seat();
    const long = 'x'.repeat(1_048_576 - code('ok 55').length - 10);
    a.send(`${code('ok 55')}\\n${long}\n`);
    expect(await b.until('What came of your partner')).toContain('/note: ');
    expect(await b.until(`${long}\n`)).toMatch(/55.*\nRUN-CODE/);
  });

  it('is plain text to a meeting without execution', async () => {
    const { ports } = await startRelay();
    const a = await RawClient.greet(ports.a, { name: 'Ann' });
    const b = await RawClient.greet(ports.b, { name: 'Ben' });
    await a.until('/start\n');
    await b.until('}\n');
    a.send(`${code('ok 55')}\n`);
    expect(await b.until(/\n/)).toBe(`${code('ok 55')}\n`);
  });

  it('cannot end the meeting with what it prints', async () => {
    const { a, b, seen } = await seat();
    a.send(`${code('ok /bye')}\n`);
    await b.until('/bye');
    b.send('Go on.\n');
    await a.until('Go on.');
    expect(seen.some(({ type }) => type === 'stopped')).toBe(false);
  });
});

describe('tests that pass', () => {
  it('end the meeting after so many of them, when the partner has been told', async () => {
    const { a, b, event, journal, meeting } = await seat();
    a.send(`${test('ok')}\n`);
    await b.until(/Test block 1: passed\n/);
    b.send(`${test('bad')}\n`);
    await a.until(/Test block 1: failed.*\n/);
    a.send(`${test('ok')}\n`);
    expect(await b.until('/stop: tests-passed')).toContain('Test block 1: passed');
    expect(await event('stopped')).toMatchObject({ reason: 'tests-passed', detail: '2 tests', turns: 3 });
    expect(journal(meeting).at(-1)).toMatchObject({ type: 'stop', reason: 'tests-passed' });
  });

  it('count one by one within a turn', async () => {
    const { a, b } = await seat();
    a.send(`${test('ok')}\\n${test('ok')}\n`);
    await b.until('/stop: tests-passed');
  });

  it('never end it with passes: 0', async () => {
    const { a, b, seen } = await seat({ settings: { passes: 0 } });
    a.send(`${test('ok')}\\n${test('ok')}\\n${test('ok')}\n`);
    await b.until(/Test block 3: passed/);
    expect(seen.some(({ type }) => type === 'stopped')).toBe(false);
  });

  it('say the reason tests-passed even in the last message that was allowed', async () => {
    const { a, b } = await seat({ maxMessages: 1, settings: { passes: 1 } });
    a.send(`${test('ok')}\n`);
    await b.until('/stop: tests-passed');
  });
});

describe('while code runs', () => {
  it('what its author sends next waits for the result', async () => {
    const { a, b, runner, event } = await seat();
    a.send(`${code('hold')}\n`);
    await event('block');
    a.send('One more thing.\n');
    a.send('And another.\n');
    runner.release();
    const heard = await b.until('And another.\n');
    expect(heard).toMatch(/Code block 1 output:.*held.*\nOne more thing\.\nAnd another\.\n$/);
  });

  it('an author who hangs up is heard to the end', async () => {
    const { a, b, runner, event } = await seat();
    a.send(`Last words.\\n${code('hold')}\n`);
    await event('block');
    a.socket.end();
    runner.release();
    expect(await b.until('/stop: agent-lost')).toMatch(/Last words\..*held/);
  });

  it('a partner who hangs up ends the meeting, and the code', async () => {
    const { a, b, runner, event, meeting, journal } = await seat();
    a.send(`${code('hold')}\n`);
    await event('block');
    b.socket.destroy();
    await a.until('/stop: agent-lost');
    expect(runner.closed).toEqual([meeting]);
    runner.release();
    expect(journal(meeting).at(-1)).toMatchObject({ type: 'stop' });
  });

  it('the end of the meeting still brings the partner the words', async () => {
    const { a, b, event, relay, runner, meeting } = await seat();
    a.send(`Nearly there.\\n${code('hold')}\n`);
    await event('block');
    void relay.close();
    expect(await b.until('/stop: stopped')).toContain('Nearly there.');
    expect(runner.closed).toContain(meeting);
  });
});

describe('whoever may not', () => {
  it('is told that the other seat alone may have code run', async () => {
    const { a, b, runner } = await seat({ settings: { seats: 'b' } });
    a.send(`${code('ok 1')}\n`);
    await b.until('Code block 1: refused: only seat b may have code run');
    b.send(`${code('ok 2')}\n`);
    await a.until('Code block 1 output');
    expect(runner.ran).toHaveLength(1);
  });

  it.each([
    ['runs it as it is after a yes', { type: 'yes' }, 'ok 1', 'Code block 1 output'],
    ['runs nothing after a no', { type: 'no' }, undefined, 'refused: the person who watches said no'],
    ['runs what was edited', { type: 'edit', code: 'ok 2' }, 'ok 2', 'Code block 1 output'],
  ] as const)('waits for a person, and %s', async (_title, answer, ran, told) => {
    const { a, b, runner, journal, meeting } = await seat({ approve: () => Promise.resolve(answer) });
    a.send(`${code('ok 1')}\n`);
    const heard = await b.until(told);
    expect(heard.includes('changed code block 1 before it was run, to:')).toBe(answer.type === 'edit');
    expect(runner.ran[0]?.code).toBe(ran);
    const block = journal(meeting).find(({ type }) => type === 'block');
    expect(block).toMatchObject({ code: ran ?? 'ok 1' });
  });

  it('is refused where nobody is there to be asked', async () => {
    const { a, b, runner } = await seat({
      approve: () => Promise.reject(new Error('no terminal to ask at')),
    });
    a.send(`${code('ok 1')}\n`);
    await b.until('refused: no terminal to ask at');
    expect(runner.ran).toEqual([]);
  });
});

describe('the two', () => {
  it('are told at the beginning what they can do, if they may and take notes', async () => {
    const { journal, meeting } = await seat({ settings: { seats: 'b', passes: 3 } });
    const notes = journal(meeting).filter(({ type }) => type === 'note');
    expect(notes).toMatchObject([{ seat: 'b' }]);
    expect(JSON.stringify(notes)).toMatch(/RUN-CODE.*TEST-ASSERT.*10 s.*3 tests have passed/);
  });
});
