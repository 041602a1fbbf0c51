import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import type { BlockResult } from '../../journal/block.ts';
import type { ExecutionOptions } from '../../proxy/execution.ts';
import { createPolicy } from '../../sidecar/policy.ts';
import { writeArchive, writeRuns } from '../support/archive.ts';
import { startWeb as startProgram } from '../support/browser.ts';
import { Described, type OpenApi } from '../support/open-api.ts';
import { RawClient, startRelay } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { ask, EventReader, startWeb, type Answer, type Request } from '../support/web.ts';

const json = { 'content-type': 'application/json' };

async function describedBy(port: number): Promise<Described> {
  return new Described(JSON.parse((await ask(port, '/api/openapi.json')).text) as OpenApi);
}

/** Asks, and looks whether the answer is what is described. `where` fills in what stands in braces. */
function asker(port: number, described: Described) {
  return async (operation: string, where: Record<string, string> = {}, body?: unknown): Promise<Answer> => {
    const [method = '', address = ''] = operation.split(' ');
    const [path = '', query = ''] = address.split('?');
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => where[name] ?? '');
    const request: Request = {
      method: method.toUpperCase(),
      ...(method === 'post' ? { headers: json, body: JSON.stringify(body ?? {}) } : {}),
    };
    const answer = await ask(port, query === '' ? filled : `${filled}?${query}`, request);
    described.expectAnswer(method, path, answer);
    return answer;
  };
}

/** Whose blocks wait for a moderator. */
const execution: ExecutionOptions = {
  settings: {
    ...{ seats: 'both', blocks: 'marked', passes: 0, policy: false, approve: true },
    limits: { seconds: 10 },
  },
  runner: {
    tier: 'pretended',
    run: (_session, _turn, { code }): Promise<BlockResult> =>
      Promise.resolve({ outcome: 'ok', output: code, outputBytes: code.length, files: [], ms: 1 }),
    closeSession: () => {},
  },
  approval: {
    approve: () => Promise.reject(new Error('nobody')),
    policy: createPolicy({ policy: false, allowed_domains: [], block: [], restrict: [] }),
    byModerators: true,
  },
};

describe('the OpenAPI description', () => {
  it('is one, by the schema of its version, and describes what stands in each path', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const { text, headers } = await ask(port, '/api/openapi.json');
    expect(headers['content-type']).toMatch(/^application\/json/);
    const document = JSON.parse(text) as OpenApi;
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate(JSON.parse(text) as Record<string, unknown>)).toEqual({
      valid: true,
    });
    const described = new Described(document);
    expect(described.strayParameters).toEqual([]);
    expect(described.operations.length).toBeGreaterThan(20);
    // There is no way to write nothing in an address but to write nothing.
    expect(described.parameterTypes).not.toContain('null');
  });

  it('is what the archive and the runs answer', async () => {
    const folder = await temporaryFolder();
    await writeArchive(`${folder}/transcripts`);
    await writeRuns(`${folder}/runs`);
    const { base } = await startProgram(`${folder}/transcripts`, `--runs=${folder}/runs`);
    const port = Number(new URL(base).port);
    const described = await describedBy(port);
    const asked = asker(port, described);
    const { text } = await asked('get /api/meetings');
    const { meetings } = JSON.parse(text) as { meetings: { meeting: string }[] };
    expect(meetings).toHaveLength(5);
    for (const query of ['q=engine', 'flag=any&sort=cost&order=ascending', 'limit=2&offset=1', 'limit=0'])
      await asked(`get /api/meetings?${query}`);
    for (const { meeting: id } of [...meetings, { meeting: 'nobody' }]) {
      for (const part of ['', '/series', '/tree']) await asked(`get /api/meetings/{id}${part}`, { id });
      for (const format of ['md', 'html', 'a.txt', 'json', 'jsonl', 'pdf'])
        await asked('get /api/meetings/{id}/transcript.{format}', { id, format });
    }
    const id = '20261118-0900-ada-bert-k3f9';
    for (const path of ['squares.csv', 'none.csv'])
      await asked('get /api/meetings/{id}/files/{path}', { id, path });
    await asked(`get /api/compare?a=${id}&b=20261118-1130-ada-bert-f0rk`);
    await asked('get /api/compare?a=x');
    const runs = JSON.parse((await asked('get /api/runs')).text) as { runs: { id: string }[] };
    for (const { id } of [...runs.runs, { id: 'nobody' }]) {
      const { text } = await asked('get /api/runs/{id}', { id });
      const { files = [] } = JSON.parse(text) as { files?: { path: string }[] };
      await asked('get /api/runs/{id}/report.html', { id });
      for (const { path } of [...files.slice(0, 3), { path: 'none' }])
        await asked('get /api/runs/{id}/files/{path}', { id, path });
    }
    const ended = await ask(port, `/api/meetings/${id}/events?after=100000`);
    described.expectAnswer('get', '/api/meetings/{id}/events', ended);
    expect(ended.status).toBe(204);
    expectSeen(described, [
      'get /api/meetings',
      'get /api/meetings/{id}',
      'get /api/meetings/{id}/series',
      'get /api/meetings/{id}/tree',
      'get /api/meetings/{id}/transcript.{format}',
      'get /api/meetings/{id}/files/{path}',
      'get /api/compare',
      'get /api/runs/{id}',
      'get /api/runs/{id}/report.html',
      'get /api/runs/{id}/files/{path}',
    ]);
  });

  it('is what a meeting answers that is watched, steered and talked in', async () => {
    const relay = await startRelay({}, execution, { isWatched: false });
    const features = ['note', 'history', 'delta'];
    const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features });
    await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features });
    await a.until('/start\n');
    const { port } = await startWeb(relay.transcripts);
    const described = await describedBy(port);
    const asked = asker(port, described);
    const list = new EventReader(port, '/api/now');
    const events = new EventReader(port, '/api/meetings/m/events');
    await list.until(({ event }) => event === 'rows');
    await events.until(({ data }) => data['control'] !== undefined);
    a.send('/delta: RUN\n');
    await events.until(({ data }) => data['type'] === 'delta');
    a.send('RUN-CODE\\n```python\\none\\n```\n');
    await events.until(({ data }) => data['type'] === 'approval');
    await list.until(({ data }) => JSON.stringify(data).includes('"approvals":1'));
    await asked('get /api/meetings/{id}', { id: 'm' });
    const control = (body: unknown, id = 'm'): Promise<Answer> =>
      asked('post /api/meetings/{id}/control', { id }, body);
    for (const body of [
      { action: 'status' },
      { action: 'step' },
      { action: 'pause' },
      { action: 'step' },
      { action: 'limits', limits: { maxMessages: 50, maxTokens: 1_000_000 } },
      { action: 'resume' },
      { action: 'dance' },
    ])
      await control(body);
    await control({ action: 'status' }, 'nobody');
    await control({ action: 'approve', id: 1, verdict: 'yes' });
    await events.until(({ data }) => data['type'] === 'approved');
    const seat = { id: 'm', seat: 'b' };
    for (const part of ['say', 'take', 'say', 'give', 'give'])
      await asked(`post /api/meetings/{id}/seats/{seat}/${part}`, seat, { text: 'Good day.' });
    await asked('get /api/meetings/{id}/seats/{seat}/events', seat);
    await relay.relay.close();
    await events.over();
    for (const { event, data } of events.events) {
      if (event === 'state') described.expectComponent('StateMessage', data);
      if (event === 'live') described.expectComponent('LiveMessage', data);
    }
    for (const { data } of list.events) described.expectComponent('NowMessage', data);
    expectSeen(described, [
      'get /api/meetings/{id}',
      'post /api/meetings/{id}/control',
      'post /api/meetings/{id}/seats/{seat}/take',
      'post /api/meetings/{id}/seats/{seat}/say',
      'post /api/meetings/{id}/seats/{seat}/give',
    ]);
  });

  it('is what answers that start one, and say what there is to start one with', async () => {
    const cwd = await temporaryFolder();
    const { port } = await startWeb(`${cwd}/transcripts`, {
      cwd,
      // Nobody listens there.
      env: { PATH: process.env['PATH'], OLLAMA_HOST: '127.0.0.1:1' },
    });
    const described = await describedBy(port);
    const asked = asker(port, described);
    const seats = {
      a: { persona: 'eliza', service: 'eliza' },
      b: { persona: 'parry', service: 'parry' },
    };
    const started = await asked(
      'post /api/meetings',
      {},
      { seats, limits: { maxMessages: 2 }, typingSpeed: 0 },
    );
    const { meeting } = JSON.parse(started.text) as { meeting: string };
    await new EventReader(port, `/api/meetings/${meeting}/events`).over();
    await asked('get /api/meetings/{id}', { id: meeting });
    await asked('post /api/meetings', {}, { seats: { ...seats, b: { persona: 'nobody' } } });
    await asked('post /api/meetings', {}, {});
    const { personas } = JSON.parse((await asked('get /api/personas')).text) as {
      personas: { id: string }[];
    };
    for (const { id } of [...personas, { id: 'nobody' }]) await asked('get /api/personas/{id}', { id });
    for (const text of ['# Persona: Ann\n\nYou are Ann.', '---\nname: [\n---\n', 7])
      await asked('post /api/personas/preview', {}, { text });
    await asked('get /api/services');
    for (const [service, status] of [
      ['ollama', 502],
      ['none', 400],
    ] as const) {
      expect((await asked('get /api/services/{service}/models', { service })).status).toBe(status);
    }
    await asked('get /api/sandbox');
    expectSeen(described, [
      'post /api/meetings',
      'get /api/personas/{id}',
      'post /api/personas/preview',
      'get /api/services',
      'get /api/sandbox',
    ]);
  }, 120_000);
});

/** Of each of them an answer has come that is no failure. */
function expectSeen(described: Described, operations: readonly string[]): void {
  for (const operation of operations) {
    expect(described.operations).toContain(operation);
    const isSeen = [...described.seen].some((seen) => seen.startsWith(`${operation} 2`));
    expect(isSeen ? operation : `not seen: ${operation}`).toBe(operation);
  }
}
