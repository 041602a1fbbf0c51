import { describe, expect, test } from 'vitest';
import type { Block, BlockResult } from '../../journal/block.ts';
import type { Approve, ExecutionOptions } from '../../proxy/execution.ts';
import type { Runner } from '../../sidecar/link.ts';
import { createPolicy } from '../../sidecar/policy.ts';
import { moderate } from '../support/moderator.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';
import type { NowMessage } from '../../web/api.ts';
import { EventReader, post, startWeb, type StreamedEvent } from '../support/web.ts';

interface Two extends TestRelay {
  readonly a: RawClient;
  readonly b: RawClient;
  readonly port: number;
}

async function meet(execution?: ExecutionOptions): Promise<Two> {
  const relay = await startRelay({}, execution, { isWatched: false });
  const features = ['note', 'history', 'delta'];
  const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features });
  const b = await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features });
  await a.until('/start\n');
  await b.until(/\/welcome: .*\n/);
  const { port } = await startWeb(relay.transcripts);
  return { ...relay, a, b, port };
}

const hasText = (text: string) => (event: { data: Record<string, unknown> }) => event.data['text'] === text;
const isOf = (type: string) => (event: { data: Record<string, unknown> }) => event.data['type'] === type;

describe('a seat that is taken on the page', () => {
  test('hears what was said, speaks in its place, and is given back', async () => {
    const { a, b, port, journal } = await meet();
    a.send('Hello, Ben.\n');
    await b.until('Hello, Ben.\n');
    const seat = '/api/meetings/m/seats/b';
    expect((await post(port, `${seat}/say`, { text: 'Too early.' })).status).toBe(409);
    expect((await post(port, `${seat}/take`)).status).toBe(204);
    // Whoever asks twice, such as a page that is loaded again, has it.
    expect((await post(port, `${seat}/take`)).status).toBe(204);
    const reader = new EventReader(port, `${seat}/events`);
    await reader.until(isOf('taken'));
    expect(reader.events[0]).toMatchObject({ event: 'seat', data: { type: 'taken', partner: 'Ann' } });
    await reader.until(({ data }) => JSON.stringify(data).includes('Hello, Ben.'));
    expect(
      (await post(port, `${seat}/say`, { text: 'I am a person.\n/delta: and not a frame' })).status,
    ).toBe(204);
    expect(await a.until('frame\n')).toContain('I am a person.\\n/delta: and not a frame\n');
    a.send('/delta: Really\n');
    await reader.until(hasText('Really'));
    a.send('Really?\n');
    await reader.until(hasText('Really?'));
    const later = new EventReader(port, `${seat}/events`, {
      'last-event-id': String(reader.events.at(-1)?.id),
    });
    expect((await post(port, `${seat}/give`)).status).toBe(204);
    expect(await reader.until(isOf('left'))).toMatchObject({ data: { reason: 'the seat is given back' } });
    await later.over();
    expect(later.events.map(({ data }) => data['type'])).toEqual(['left']);
    expect((await post(port, `${seat}/say`, { text: 'Too late.' })).status).toBe(409);
    const turns = journal('m').filter((event) => event.type === 'turn');
    expect(turns[1]).toMatchObject({
      seat: 'b',
      by: 'moderator',
      text: 'I am a person.\n/delta: and not a frame',
    });
  });

  test('is told in one sentence why it cannot be had', async () => {
    const { port, relay } = await meet();
    const { port: other } = await startWeb('/nowhere');
    expect(await post(other, '/api/meetings/m/seats/a/take')).toMatchObject({ status: 404 });
    await relay.close();
    expect(await post(port, '/api/meetings/m/seats/a/take')).toMatchObject({
      status: 409,
      json: { error: { code: 'not-controlled' } },
    });
  });
});

/** Says of each block what it was. */
class Echo implements Runner {
  readonly tier = 'pretended';
  readonly ran: string[] = [];

  run(_session: string, _turn: number, { code }: Block): Promise<BlockResult> {
    this.ran.push(code);
    return Promise.resolve({ outcome: 'ok', output: code, outputBytes: code.length, files: [], ms: 1 });
  }

  closeSession(): void {}
}

function executionWith(
  approve: Approve,
  byModerators: boolean,
): { execution: ExecutionOptions; runner: Echo } {
  const runner = new Echo();
  const settings = {
    seats: 'both',
    blocks: 'marked',
    passes: 0,
    policy: false,
    approve: true,
    limits: { seconds: 10 },
  } as const;
  const policy = createPolicy({ policy: false, allowed_domains: [], block: [], restrict: [] });
  return { execution: { settings, runner, approval: { approve, policy, byModerators } }, runner };
}

/** `isIn`: the list has the meeting, with so many blocks that wait. */
async function watchList(port: number): Promise<{
  list: EventReader;
  isIn: (approvals: number | undefined) => (event: StreamedEvent) => boolean;
}> {
  const list = new EventReader(port, '/api/now');
  await list.until(({ event }) => event === 'rows');
  return {
    list,
    isIn:
      (approvals) =>
      ({ data }) => {
        const [row] = data as unknown as NowMessage;
        return row?.meeting === 'm' && row.approvals === approvals;
      },
  };
}

const block = (code: string): string => `RUN-CODE\\n\`\`\`python\\n${code}\\n\`\`\`\n`;

describe('a block that waits for somebody', () => {
  test('runs as it is, in other words, or not at all, as the page says; each is journaled', async () => {
    const { execution, runner } = executionWith(() => Promise.reject(new Error('nobody')), true);
    const { a, b, port, journal } = await meet(execution);
    const reader = new EventReader(port, '/api/meetings/m/events');
    a.send(block('one'));
    expect(await reader.until(isOf('approval'))).toMatchObject({
      event: 'live',
      data: { id: 1, seat: 'a', name: 'code block 1 of turn 1', block: { language: 'python', code: 'one' } },
    });
    // Whoever comes later is asked as well, and a list shows what waits.
    const late = new EventReader(port, '/api/meetings/m/events');
    await late.until(isOf('approval'));
    const control = '/api/meetings/m/control';
    const status = await post(port, control, { action: 'status' });
    expect(status.json).toMatchObject({ status: { approvals: [{ id: 1, seat: 'a' }] } });
    const approve = { action: 'approve', id: 1 };
    expect((await post(port, control, { ...approve, verdict: 'edit' })).status).toBe(409);
    expect((await post(port, control, { ...approve, verdict: 'yes' })).status).toBe(200);
    await b.until(/one/);
    expect((await post(port, control, { ...approve, verdict: 'no' })).status).toBe(409);
    await late.until(isOf('approved'));
    b.send(block('two'));
    await reader.until(({ data }) => data['type'] === 'approval' && data['id'] === 2);
    await post(port, control, { action: 'approve', id: 2, verdict: 'edit', code: 'three' });
    await a.until(/three/);
    a.send(block('four'));
    await reader.until(({ data }) => data['type'] === 'approval' && data['id'] === 3);
    await post(port, control, { action: 'approve', id: 3, verdict: 'no', why: 'It is too dear.' });
    await b.until(/too dear/);
    expect(runner.ran).toEqual(['one', 'three']);
    const results = journal('m').filter((event) => event.type === 'result');
    expect(results.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['ok', undefined],
      ['ok', undefined],
      ['refused', 'It is too dear.'],
    ]);
  });

  test('stands in the list of all meetings for as long as it waits, and again for whoever asks later', async () => {
    const { execution } = executionWith(() => Promise.reject(new Error('nobody')), true);
    const { a, b, port } = await meet(execution);
    const { isIn, list } = await watchList(port);
    await list.until(isIn(undefined));
    a.send(block('one'));
    await list.until(isIn(1));
    // A viewer who comes and goes takes nothing away from it.
    const viewer = new EventReader(port, '/api/meetings/m/events');
    await viewer.until(isOf('approval'));
    viewer.close();
    const late = await watchList(port);
    await late.list.until(late.isIn(1));
    list.close();
    const approve = { action: 'approve', id: 1, verdict: 'yes' };
    expect((await post(port, '/api/meetings/m/control', approve)).status).toBe(200);
    await b.until(/one/);
    await late.list.until((event) => late.list.events.indexOf(event) > 0 && late.isIn(undefined)(event));
  });

  test('is asked about at the terminal too; the question there is taken back when the page answers', async () => {
    let isTakenBack = false;
    const terminal: Approve = (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          isTakenBack = true;
          resolve({ type: 'no' });
        });
      });
    const { execution, runner } = executionWith(terminal, false);
    const two = await meet(execution);
    const reader = new EventReader(two.port, '/api/meetings/m/events');
    two.a.send(block('one'));
    await reader.until(isOf('approval'));
    expect(await moderate(two, 'm', { action: 'approve', id: 1, verdict: 'yes' })).toMatchObject({
      ok: true,
    });
    await two.b.until(/one/);
    expect([runner.ran, isTakenBack]).toEqual([['one'], true]);
  });

  test('waits no more when the meeting is over', async () => {
    const { execution, runner } = executionWith(() => Promise.reject(new Error('nobody')), true);
    const { a, port, relay, journal } = await meet(execution);
    const reader = new EventReader(port, '/api/meetings/m/events');
    a.send(block('one'));
    await reader.until(isOf('approval'));
    await post(port, '/api/meetings/m/control', { action: 'stop' });
    await reader.over();
    await relay.close();
    expect(runner.ran).toEqual([]);
    expect(journal('m').at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
  });
});

describe('a moderator on the page', () => {
  test('is told in words what makes no sense, and by a status what is out of bounds', async () => {
    const { port, b } = await meet();
    const control = '/api/meetings/m/control';
    expect(await post(port, control, { action: 'resume' })).toMatchObject({
      status: 409,
      json: { error: { message: 'the meeting is not paused' } },
    });
    expect(
      (await post(port, control, { action: 'whisper', seat: 'b', text: 'x'.repeat(16_001) })).status,
    ).toBe(400);
    expect((await post(port, control, { action: 'limits', limits: {} })).status).toBe(400);
    expect((await post(port, control, { action: 'take', seat: 'a' })).status).toBe(400);
    const whisper = { action: 'whisper', seat: 'b', text: 'Ask\n/bye' };
    expect((await post(port, control, whisper)).status).toBe(200);
    await b.until('/note: The moderator tells you alone: Ask\\n/bye\n');
  });
});
