import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { programPath } from '../../config/paths.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { startCollector, type CollectedSpan, type Collector } from '../support/collector.ts';
import {
  conventionalAttributes,
  conventionalMetrics,
  requiredAttributes,
} from '../support/gen-ai-conventions.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { Program } from '../support/program.ts';
import { openRedis, startRedis } from '../support/redis.ts';
import { RawClient } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';

const key = 'sk-test-not-a-real-key-1234';

function start(cwd: string, env: NodeJS.ProcessEnv, ...args: string[]): Program {
  return new Program(process.execPath, [programPath, ...args], { cwd, env });
}

async function run(
  cwd: string,
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = start(cwd, env, ...args);
  program.child.stdin.end();
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

const tracedTo = ({ endpoint }: Collector): NodeJS.ProcessEnv => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });

const reply = (text: string): Answer => ({
  type: 'reply',
  pieces: text.split(/(?<= )/),
  usage: { input: 100, output: 10, cached: 40 },
});
const refused: Answer = {
  type: 'refuse',
  status: 429,
  message: 'slow down',
  headers: { 'retry-after-ms': '5' },
};

function script(cwd: string, file: string, replies: readonly string[]): string {
  const lines = replies.map((text) => `  - ${JSON.stringify(text)}\n`).join('');
  writeFileSync(path.join(cwd, file), `at_end: repeat-last\nreplies:\n${lines}`);
  return `scripted:${file}`;
}

function journalIn(cwd: string): JournalEvent[] {
  const transcripts = path.join(cwd, 'transcripts');
  const [meeting = ''] = readdirSync(transcripts);
  const lines = readFileSync(path.join(transcripts, meeting, 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as JournalEvent);
}

const childrenOf = (spans: readonly CollectedSpan[], { spanId }: CollectedSpan): CollectedSpan[] =>
  spans
    .filter(({ parentSpanId }) => parentSpanId === spanId)
    .sort((one, other) => one.startMs - other.startMs);
const namesOf = (spans: readonly CollectedSpan[]): string[] => spans.map(({ name }) => name);
const rootsOf = (spans: readonly CollectedSpan[]): CollectedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === '');

function expectConventional(spans: readonly CollectedSpan[]): void {
  for (const { name, attributes, events } of spans) {
    const keys = [...Object.keys(attributes), ...events.flatMap((event) => Object.keys(event.attributes))];
    const strange = keys.filter((each) => !conventionalAttributes.has(each) && !each.startsWith('colloquy.'));
    expect({ name, strange }).toEqual({ name, strange: [] });
    const operation = String(attributes['gen_ai.operation.name']);
    expect(name.split(' ')[0]).toBe(operation);
    expect(Object.keys(attributes)).toEqual(
      expect.arrayContaining([...(requiredAttributes[operation] ?? ['?'])]),
    );
  }
}

/** A meeting of a model, which is refused once, and of a script with code, in three processes. */
async function meetWithCode(more: NodeJS.ProcessEnv = {}): Promise<{ cwd: string; collector: Collector }> {
  const cwd = await temporaryFolder();
  const collector = await startCollector();
  const server = await startModelServer('openai', [
    reply('Bananas are berries.'),
    refused,
    reply(`Keep ${key} to yourself.`),
  ]);
  const coder = script(cwd, 'b.yml', ['Let us see.\n\nRUN-CODE\n```python\nprint(6 * 7)\n```']);
  const env = {
    ...tracedTo(collector),
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: `${server.origin}/v1`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    ...more,
  };
  const meet = ['meet', 'hypatia', 'tester', '-a', 'openai:gpt-4o-mini', '-b', coder, '--first', 'a'];
  const result = await run(cwd, env, ...meet, '-M', '3', '--execute');
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return { cwd, collector };
}

describe('traces', () => {
  it('show a meeting of three processes as one, its retries and the code that was run, and no word of it', async () => {
    const { cwd, collector } = await meetWithCode();
    const { spans, points, raw } = collector;
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const [meeting] = rootsOf(spans) as [CollectedSpan];
    const id = readdirSync(path.join(cwd, 'transcripts'))[0];
    expect(meeting).toMatchObject({ name: 'invoke_workflow meeting', kind: 1 });
    expect(meeting.attributes).toMatchObject({
      'gen_ai.conversation.id': id,
      'colloquy.meeting.stop_reason': 'max-messages',
      'colloquy.meeting.turns': 3,
    });
    const [first, second, third, fourth] = childrenOf(spans, meeting);
    expect(namesOf(childrenOf(spans, meeting))).toEqual([
      'invoke_agent Υπατία',
      'invoke_agent Tom Okafor',
      'execute_tool run_code',
      'invoke_agent Υπατία',
    ]);
    expect([first, second, third, fourth].map((span) => span?.resource['service.name'])).toEqual([
      'colloquy-agent',
      'colloquy-agent',
      'colloquy-proxy',
      'colloquy-agent',
    ]);
    expect(meeting.resource).toMatchObject({ 'deployment.environment.name': 'test' });
    expect(third?.attributes).toMatchObject({
      'gen_ai.tool.name': 'run_code',
      'gen_ai.tool.call.id': 'turn-2-code-1',
      'gen_ai.agent.name': 'Tom Okafor',
      'colloquy.code.outcome': 'ok',
    });

    // The second answer of the model was asked for twice.
    const chats = childrenOf(spans, fourth as CollectedSpan);
    expect(chats.map(({ name, kind }) => ({ name, kind }))).toEqual([
      { name: 'chat gpt-4o-mini', kind: 3 },
      { name: 'chat gpt-4o-mini', kind: 3 },
    ]);
    expect(chats[0]).toMatchObject({ status: { code: 2 } });
    expect(chats[0]?.attributes).toMatchObject({
      'error.type': 'rate-limited',
      'http.response.status_code': 429,
    });
    expect(fourth?.events).toMatchObject([
      {
        name: 'colloquy.retry',
        attributes: { 'error.type': 'rate-limited', 'colloquy.wait.seconds': 0.005 },
      },
    ]);
    expect(chats[1]?.attributes).toMatchObject({
      'gen_ai.conversation.id': id,
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.request.stream': true,
      'gen_ai.response.model': 'm',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'server.address': '127.0.0.1',
    });
    expectConventional(spans);

    for (const { metric, unit, bounds, attributes } of points) {
      expect({ unit, bounds }).toEqual(conventionalMetrics[metric]);
      expect(Object.keys(attributes).filter((name) => !conventionalAttributes.has(name))).toEqual([]);
    }
    expect(new Set(points.map(({ metric }) => metric))).toEqual(new Set(Object.keys(conventionalMetrics)));
    const tokens = (type: string): number =>
      points
        .filter(
          ({ metric, attributes }) =>
            metric === 'gen_ai.client.token.usage' && attributes['gen_ai.token.type'] === type,
        )
        .reduce((all, { sum }) => all + sum, 0);
    const billed = journalIn(cwd).flatMap((event) => ('meta' in event && event.meta?.usage) || []);
    expect(tokens('input')).toBe(billed.reduce((all, { input }) => all + input, 0));
    expect(tokens('output')).toBe(billed.reduce((all, { output }) => all + output, 0));
    expect(tokens('input')).toBe(200);

    const all = raw.join('\n');
    expect(all).toContain('"x-team":"blue"');
    for (const secret of [key, 'Bananas', '6 * 7', 'Hypatia of Alexandria', 'slow down and']) {
      expect(all).not.toContain(secret);
    }
  });

  it('hold what was said where that is asked for, but no key', async () => {
    const { collector } = await meetWithCode({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' });
    const { spans, raw } = collector;
    expectConventional(spans);
    const chats = spans.filter(({ name }) => name === 'chat gpt-4o-mini');
    const [first] = chats.sort((one, other) => one.startMs - other.startMs) as [CollectedSpan];
    const read = (name: string): unknown => JSON.parse(String(first.attributes[name])) as unknown;
    expect(read('gen_ai.system_instructions')).toMatchObject([{ type: 'text' }]);
    expect(read('gen_ai.input.messages')).toEqual([
      { role: 'user', parts: [{ type: 'text', content: expect.stringMatching(/\/start$/) as string }] },
    ]);
    expect(read('gen_ai.output.messages')).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'Bananas are berries.' }],
        finish_reason: 'stop',
      },
    ]);
    const tool = spans.find(({ name }) => name === 'execute_tool run_code');
    expect(JSON.parse(String(tool?.attributes['gen_ai.tool.call.arguments']))).toEqual({
      language: 'python',
      code: 'print(6 * 7)',
    });
    expect(JSON.parse(String(tool?.attributes['gen_ai.tool.call.result']))).toEqual({ output: '42\n' });
    expect(raw.join('\n')).toContain('Keep [key] to yourself.');
    expect(raw.join('\n')).not.toContain(key);
  });

  it('show runs of pipelines with the meetings that their steps hold, coding tasks, and each meeting of a batch', async () => {
    const cwd = await temporaryFolder();
    const [pipeline, code, batch] = [await startCollector(), await startCollector(), await startCollector()];
    writeFileSync(
      path.join(cwd, 'talk.yml'),
      `- module: start_module
  output_name: topic
- module: meeting
  inputs: [topic]
  output_name: talk
  with: { personas: [eliza, parry], services: [eliza, parry], messages: 2, first: a }
- module: story_writer
  inputs: [talk]
  output_name: story
`,
    );
    const writer = script(cwd, 'writer.yml', ['Once upon a time.']);
    const coder = script(cwd, 'coder.yml', ['1. Print.', '```python\nprint(1)\n```']);
    writeFileSync(
      path.join(cwd, 'two.yml'),
      "name: two\npersonas: { a: [eliza], b: [parry] }\nrepeat: 2\nsettings: [{ max_messages: 2, loops: 'off' }]\n",
    );
    const results = await Promise.all([
      run(cwd, tracedTo(pipeline), 'pipeline', 'run', 'talk.yml', '--request', 'Hello', '-s', writer),
      run(cwd, tracedTo(code), 'code', '-t', 'Print one.', '-s', coder, '--coding-samples', '1'),
      run(cwd, tracedTo(batch), 'batch', 'run', 'two.yml'),
    ]);
    expect(results.map(({ code: exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array(3).fill({ exitCode: 0, stderr: '' }),
    );
    for (const { spans } of [pipeline, code, batch]) expectConventional(spans);

    const [workflow, ...others] = rootsOf(pipeline.spans) as [CollectedSpan];
    expect(others).toEqual([]);
    expect(workflow.name).toBe('invoke_workflow talk');
    const [, talk, story] = childrenOf(pipeline.spans, workflow);
    expect([talk?.name, story?.name]).toEqual(['invoke_agent talk', 'invoke_agent story']);
    const [meeting] = childrenOf(pipeline.spans, talk as CollectedSpan) as [CollectedSpan];
    expect(meeting.name).toBe('invoke_workflow meeting');
    expect(namesOf(childrenOf(pipeline.spans, meeting))).toEqual([
      'invoke_agent Eliza',
      'invoke_agent Parry',
    ]);
    expect(childrenOf(pipeline.spans, story as CollectedSpan)[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'scripted',
    });
    expect(story?.attributes['gen_ai.provider.name']).toBe('scripted');

    const [task] = rootsOf(code.spans) as [CollectedSpan];
    expect(task.name).toBe('invoke_workflow code');
    expect(namesOf(childrenOf(code.spans, task))).toEqual(
      expect.arrayContaining(['invoke_agent planner', 'invoke_agent coder', 'execute_tool run_program']),
    );

    expect(namesOf(rootsOf(batch.spans))).toEqual(['invoke_workflow meeting', 'invoke_workflow meeting']);
    expect(batch.spans.filter(({ name }) => name.startsWith('chat '))).toHaveLength(4);
  });
});

describe('a meeting that is gone on with', () => {
  it('is in the trace that it began in, or has a link to it, however it was interrupted', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'slow.yml'), 'service: eliza\ncharacters_per_second: 40\n');
    writeFileSync(
      path.join(cwd, 'one.yml'),
      `name: one
personas: { a: [eliza], b: [parry] }
services: { a: [{ config: slow.yml }] }
settings: [{ max_messages: 10, first: a, loops: 'off' }]
`,
    );
    const spansOf = async (stop: NodeJS.Signals | undefined, more: NodeJS.ProcessEnv = {}) => {
      const collector = await startCollector();
      const env = { ...tracedTo(collector), OTEL_BSP_SCHEDULE_DELAY: '50', ...more };
      const program = start(cwd, env, 'batch', 'run', 'one.yml');
      if (stop) {
        await expect.poll(() => collector.spans.length, { timeout: 20_000 }).toBeGreaterThan(2);
        program.child.kill(stop);
      }
      await program.ended;
      expectConventional(collector.spans);
      return collector.spans;
    };
    const workflowOf = (spans: readonly CollectedSpan[]): CollectedSpan =>
      spans.find(({ name }) => name === 'invoke_workflow meeting') as CollectedSpan;

    const killed = await spansOf('SIGKILL');
    const [turn] = killed.filter(({ name }) => name.startsWith('invoke_agent')) as [CollectedSpan];
    const first = { traceId: turn.traceId, spanId: turn.parentSpanId };
    // Its own span is lost with the process.
    expect(workflowOf(killed)).toBeUndefined();

    const interrupted = await spansOf('SIGINT');
    expect(new Set(interrupted.map(({ traceId }) => traceId))).toEqual(new Set([first.traceId]));
    const resumed = { 'colloquy.meeting.resumed': true };
    expect(workflowOf(interrupted)).toMatchObject({
      parentSpanId: first.spanId,
      links: [],
      attributes: { ...resumed, 'error.type': 'interrupted' },
    });

    // A third part, started by something that is traced itself.
    const outer = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const last = await spansOf(undefined, { TRACEPARENT: `00-${outer.traceId}-${outer.spanId}-01` });
    expect(workflowOf(last)).toMatchObject({
      traceId: outer.traceId,
      parentSpanId: outer.spanId,
      links: [first],
      attributes: { ...resumed, 'colloquy.meeting.turns': 10 },
    });
    expect(new Set(last.map(({ traceId }) => traceId))).toEqual(new Set([outer.traceId]));
  });

  it('is in it on another machine, too', async () => {
    const { url } = await startRedis();
    const cwd = await temporaryFolder();
    const collector = await startCollector();
    const env = tracedTo(collector);
    writeFileSync(path.join(cwd, 'slow.yml'), 'service: eliza\ncharacters_per_second: 40\n');
    writeFileSync(
      path.join(cwd, 'two.yml'),
      `name: two
personas: { a: [eliza], b: [parry] }
services: { a: [{ config: slow.yml }] }
repeat: 2
settings: [{ max_messages: 8, first: a, loops: 'off' }]
`,
    );
    const startWorker = async (): Promise<Program> =>
      start(await temporaryFolder(), env, 'worker', '--redis', url, '-j', '2');
    const batch = start(cwd, {}, 'batch', 'run', 'two.yml', '--redis', url);
    const one = await startWorker();
    const redis = openRedis(url);
    const turns = async (): Promise<number> => {
      const keys = await redis.keys('colloquy:meeting:two/*:journal');
      const journals = await Promise.all(keys.map((key) => redis.get(key)));
      const said = journals.map((text) => (text ?? '').split('"type":"turn"').length - 1);
      return said.length === 2 ? Math.min(...said) : 0;
    };
    await one.until(/begins here[^]*begins here/, 'stderr');
    await expect.poll(turns, { timeout: 20_000 }).toBeGreaterThan(1);
    one.child.kill('SIGTERM');
    expect((await one.ended).code).toBe(0);
    expect(one.stderr).toMatch(/was handed back/);
    const two = await startWorker();
    expect((await batch.ended).code).toBe(0);
    two.child.kill('SIGTERM');
    expect((await two.ended).code).toBe(0);

    const { spans } = collector;
    const meetings = new Set(spans.map(({ attributes }) => attributes['gen_ai.conversation.id']));
    expect(meetings.size).toBe(2);
    for (const meeting of meetings) {
      const own = spans.filter(({ attributes }) => attributes['gen_ai.conversation.id'] === meeting);
      expect(new Set(own.map(({ resource }) => resource['process.pid'])).size).toBe(2);
      expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(1);
      expect(namesOf(rootsOf(own))).toEqual(['invoke_workflow meeting']);
    }
  });
});

describe('Ctrl-C', () => {
  it('loses nothing of what was measured, and what it interrupted says so', async () => {
    const cwd = await temporaryFolder();
    const collector = await startCollector();
    writeFileSync(path.join(cwd, 'slow.yml'), 'at_end: bye\nreplies: [{ text: Once, delay_ms: 60000 }]\n');
    const tell = ['pipeline', 'run', 'story', '--request', 'Hello', '-s', 'scripted:slow.yml'];
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.endpoint}/v1/traces` };
    const program = start(cwd, env, ...tell);
    program.child.stdin.end();
    await program.until(/… outline/);
    program.child.kill('SIGINT');
    expect((await program.ended).code).toBe(130);
    const errors = collector.spans.map(({ name, attributes }) => [name, attributes['error.type']]);
    expect(Object.fromEntries(errors)).toMatchObject({
      'invoke_workflow story': 'cancelled',
      'invoke_agent idea': undefined,
      'invoke_agent outline': 'cancelled',
    });
    // Only traces have somewhere to go.
    expect(collector.points).toEqual([]);
  });
});

describe('a collector that is no good', () => {
  it('costs a program neither its output nor much time, and one sentence', async () => {
    const cwd = await temporaryFolder();
    const writer = script(cwd, 'writer.yml', ['Once.']);
    const tell = ['pipeline', 'run', 'story', '--no-cache', '--request', 'Hello', '-s', writer];
    const silent = await startCollector({ silent: true });
    const refusing = await startCollector({ status: 401 });
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const nobody = `http://127.0.0.1:${(probe.address() as AddressInfo).port}`;
    probe.close();
    let plainEndedAtMs = Infinity;
    const [plain, ...others] = await Promise.all([
      run(cwd, {}, ...tell).finally(() => (plainEndedAtMs = performance.now())),
      run(cwd, { OTEL_EXPORTER_OTLP_ENDPOINT: silent.endpoint }, ...tell),
      run(cwd, { OTEL_EXPORTER_OTLP_ENDPOINT: nobody }, ...tell),
      run(cwd, { OTEL_EXPORTER_OTLP_ENDPOINT: refusing.endpoint }, ...tell),
      run(cwd, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, ...tell),
      run(cwd, { OTEL_EXPORTER_OTLP_ENDPOINT: nobody, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, ...tell),
    ]);
    // The SDK by itself would try for ten seconds.
    expect(performance.now() - plainEndedAtMs).toBeLessThan(9_000);
    const shape = (text: string): string => text.replace(/\d+\.\d s/g, 'T').replace(/\d{8}-\S+/g, 'RUN');
    for (const { code, stdout } of others) {
      expect({ code, stdout: shape(stdout) }).toEqual({ code: 0, stdout: shape(plain.stdout) });
    }
    expect(others.map(({ stderr }) => stderr)).toEqual([
      expect.stringMatching(/^colloquy: telemetry: \S+ has not taken everything within 2 s; [^\n]+\n$/),
      expect.stringMatching(/^colloquy: telemetry: \S+ has not taken everything within 2 s; [^\n]+\n$/),
      expect.stringMatching(/^colloquy: telemetry: \S+ does not take what is sent: Unauthorized\n$/),
      expect.stringMatching(/^colloquy: telemetry: "collector:4318" is no address of a collector; [^\n]+\n$/),
      expect.stringMatching(/^colloquy: telemetry: OTLP goes over HTTP here, [^\n]+\n$/),
    ]);
    expect(plain.stderr).toBe('');
  });
});

describe('without a collector', () => {
  it('nothing of OpenTelemetry is loaded by any process', async () => {
    const cwd = await temporaryFolder();
    const collector = await startCollector();
    const meet = ['meet', '-q', '--typing-speed', '0', '-M', '2'];
    /** Node writes down all that each process has loaded. Source: https://nodejs.org/api/cli.html#node_v8_coveragedir */
    const loadedBy = async (name: string, env: NodeJS.ProcessEnv): Promise<string[][]> => {
      const folder = path.join(cwd, name);
      expect((await run(cwd, { ...env, NODE_V8_COVERAGE: folder }, ...meet)).code).toBe(0);
      return readdirSync(folder).map((file) => {
        const text = readFileSync(path.join(folder, file), 'utf8');
        return (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url);
      });
    };
    const off = await loadedBy('off', {});
    const on = await loadedBy('on', tracedTo(collector));
    const isSeen = (url: string): boolean =>
      url.includes('@opentelemetry') || url.includes('open-telemetry.js');
    expect(off.length).toBeGreaterThanOrEqual(4);
    expect(off.flat().filter(isSeen)).toEqual([]);
    expect(on.filter((urls) => urls.some(isSeen))).toHaveLength(3);
  });
});

describe('/metrics', () => {
  it('counts what the journal holds, tells strangers apart and keeps their names out of the labels', async () => {
    const cwd = await temporaryFolder();
    const collector = await startCollector();
    const proxy = start(
      cwd,
      tracedTo(collector),
      ...[
        'proxy',
        '--port-a',
        '0',
        '--port-b',
        '0',
        '--metrics-port',
        '0',
        '-M',
        '4',
        '--first',
        'a',
        '--rate',
        '600',
      ],
    );
    onTestFinished(() => void proxy.child.kill());
    const [, a = '', b = ''] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
    const [, port = ''] = await proxy.until(/\/metrics on 127\.0\.0\.1, port (\d+)/, 'stderr');
    const scrape = async (): Promise<Map<string, number>> => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
      return readMetrics(await response.text());
    };
    expect((await scrape()).get('colloquy_meetings_started_total')).toBe(0);

    const stranger = await RawClient.greet(Number(a), { name: 'X' });
    await proxy.until(/X sits down/, 'stderr');
    const rude = await RawClient.connect(Number(a));
    rude.send('hello\n');
    await rude.closed();
    const waiting = await scrape();
    expect(waiting.get('colloquy_waiting_seats')).toBe(1);
    expect(waiting.get('colloquy_refused_connections_total{reason="no-greeting"}')).toBe(1);

    // One measures its turns by itself and is told where they belong; the other knows nothing of it.
    const model = 'evil"} 1\ncolloquy_evil';
    const partner = await RawClient.greet(Number(b), {
      name: 'Y',
      provider: 'made-up',
      model,
      features: ['trace', 'history'],
    });
    const welcome = await partner.until(/\/welcome: .*\n/);
    const { trace } = JSON.parse(welcome.slice(welcome.indexOf('{'))) as { trace: string };
    expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(await stranger.until('/start\n')).not.toContain('trace');
    const meta = '/meta: {"usage":{"input":30,"output":7,"cached":0},"ms":5,"finish":"stop"}\n';
    stranger.send('Grüße.\n');
    await partner.until('Grüße.');
    expect((await scrape()).get('colloquy_meetings_running')).toBe(1);
    partner.send(`/status: rate limited by made-up, next try in 1 s\n${meta}Yes.\n`);
    await stranger.until('Yes.');
    stranger.send('Well.\n');
    await partner.until('Well.');
    partner.send(`${meta}Bye.\n`);
    await stranger.until('/stop');

    const journal = journalIn(cwd);
    const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
    const turns = journal.filter((event) => event.type === 'turn');
    const metrics = await scrape();
    const sumOf = (name: string): number =>
      [...metrics].filter(([key]) => key.startsWith(`${name}{`)).reduce((all, [, value]) => all + value, 0);
    expect(sumOf('colloquy_turns_total')).toBe(turns.length);
    expect(sumOf('colloquy_message_bytes_total')).toBe(
      turns.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0),
    );
    expect(metrics.get('colloquy_turns_total{seat="a",provider="none",model="none"}')).toBe(2);
    const evil = 'provider="other",model="evil\\"} 1\\ncolloquy_evil"';
    expect(metrics.get(`colloquy_tokens_total{${evil},type="input"}`)).toBe(60);
    expect(metrics.get(`colloquy_tokens_total{${evil},type="output"}`)).toBe(14);
    expect(metrics.get('colloquy_meetings_ended_total{reason="max-messages"}')).toBe(1);
    expect(metrics.get('colloquy_meetings_running')).toBe(0);
    expect(metrics.get('colloquy_answer_seconds_count{seat="b"}')).toBe(2);
    expect(metrics.get('colloquy_rate_limit_waits_total{source="provider"}')).toBe(1);
    expect(metrics.get('colloquy_rate_limit_waits_total{source="relay"}')).toBeGreaterThan(0);
    expect([...metrics.keys()].filter((name) => name.includes(meeting))).toEqual([]);
    const file = path.join(cwd, 'transcripts', meeting, 'journal.jsonl');
    expect(metrics.get('colloquy_journal_bytes_total')).toBe(readFileSync(file).length);
    expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);

    proxy.child.kill('SIGTERM');
    expect((await proxy.ended).code).toBe(0);
    const [root] = rootsOf(collector.spans) as [CollectedSpan];
    expect(root.events.map(({ name }) => name)).toContain('colloquy.wait');
    expect(trace).toBe(`00-${root.traceId}-${root.spanId}-01`);
    expect(namesOf(childrenOf(collector.spans, root))).toEqual(['invoke_agent X', 'invoke_agent X']);
    expectConventional(collector.spans);
  });

  it('is shown to others only with a token', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'open.yml'), 'metrics:\n  host: 0.0.0.0\n  port: 0\n');
    const refusal = await run(cwd, {}, 'proxy', '-c', 'open.yml');
    expect(refusal.code).toBe(2);
    expect(refusal.stderr).toMatch(
      /^colloquy: open\.yml:2:9 metrics\.host must be 127\.0\.0\.1.*set metrics\.token\n$/,
    );

    writeFileSync(
      path.join(cwd, 'closed.yml'),
      'port_a: 0\nport_b: 0\nmetrics:\n  host: 0.0.0.0\n  port: 0\n  token: not-a-real-token\n',
    );
    const proxy = start(cwd, {}, 'proxy', '-c', 'closed.yml');
    const [, port = ''] = await proxy.until(/\/metrics on 0\.0\.0\.0, port (\d+)/, 'stderr');
    const ask = async (token?: string): Promise<number> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status;
    };
    expect([await ask(), await ask('guess'), await ask('not-a-real-token')]).toEqual([401, 401, 200]);
  });
});

/** As Prometheus reads them; each sample by its name and labels. Throws where a line is none of its format. */
function readMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type?.[1] !== undefined) types.set(type[1], type[2] ?? '');
    if (line === '' || line.startsWith('# ')) continue;
    const label = String.raw`[a-z_]+="(?:[^"\\]|\\.)*"`;
    const match = new RegExp(`^([a-z_0-9]+)(\\{${label}(?:,${label})*\\})? (\\S+)$`).exec(line);
    if (!match) throw new Error(`not the format of Prometheus: ${line}`);
    const [, name = '', labels = '', value = ''] = match;
    const family = types.has(name) ? name : name.replace(/_(?:sum|count|bucket)$/, '');
    if (!types.has(family)) throw new Error(`${name} has no type`);
    expect(types.get(family) === 'counter').toBe(family.endsWith('_total'));
    samples.set(`${name}${labels}`, Number(value));
  }
  return samples;
}
