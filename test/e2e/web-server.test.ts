import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProxyProcess } from '../faults/proxy-process.ts';
import { colloquy } from '../support/program.ts';
import { RawClient } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { ask, EventReader, post, startWeb, type StreamedEvent } from '../support/web.ts';

const isTurn =
  (turn: number) =>
  ({ data }: StreamedEvent) =>
    data['type'] === 'turn' && data['turn'] === turn;
const isState =
  (state: string) =>
  ({ event, data }: StreamedEvent) =>
    event === 'state' && data['state'] === state;

describe('colloquy web', () => {
  it('starts the meeting that is asked for, by other words of a persona, and outlives neither it nor is outlived in vain', async () => {
    const cwd = await temporaryFolder();
    const web = colloquy(cwd, 'web', '--port=0');
    const port = Number((await web.until(/http:\/\/127\.0\.0\.1:(\d+)\//))[1]);
    const { json: persona } = {
      json: JSON.parse((await ask(port, '/api/personas/eliza')).text) as { text: string },
    };
    const text = persona.text.replace(/^(# .*Persona: )\S+/m, '$1Erika');
    expect(text).not.toBe(persona.text);
    const preview = await post(port, '/api/personas/preview', { id: 'eliza', text });
    expect(preview).toMatchObject({ status: 200, json: { persona: { name: 'Erika' }, problems: [] } });
    const seats = {
      a: { persona: 'eliza', text, service: 'eliza' },
      b: { persona: 'parry', service: 'parry' },
    };
    const started = await post(port, '/api/meetings', { seats, limits: { maxMessages: 4 }, typingSpeed: 0 });
    expect(started.status).toBe(201);
    const { meeting } = started.json as { meeting: string };
    const reader = new EventReader(port, `/api/meetings/${meeting}/events`);
    await reader.over();
    expect(reader.events.at(-1)).toMatchObject({ event: 'state', data: { state: 'ended' } });
    expect(reader.events.filter(({ data }) => data['type'] === 'turn')).toHaveLength(4);
    expect(JSON.parse((await ask(port, `/api/meetings/${meeting}`)).text)).toMatchObject({
      row: { ended: 'max-messages', seats: { a: { name: 'Erika' } } },
    });
    const endless = await post(port, '/api/meetings', { seats, limits: { maxMessages: 0 }, typingSpeed: 60 });
    const { meeting: other } = endless.json as { meeting: string };
    web.child.kill('SIGTERM');
    expect((await web.ended).code).toBe(0);
    expect(web.stderr).toContain(`${other} goes on; to end it: colloquy control ${other} stop\n`);
    const control = colloquy(cwd, 'control', other, 'stop');
    expect((await control.ended).code).toBe(0);
  });

  it('tells in the words of the program why a meeting cannot begin', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(path.join(cwd, 'personas'));
    writeFileSync(path.join(cwd, 'personas', 'broken.md'), '---\nname: [\n---\n\n# Persona: X\n');
    const { port } = await startWeb(path.join(cwd, 'transcripts'), { cwd });
    const eliza = { persona: 'eliza', service: 'eliza' };
    const cases: [object, RegExp][] = [
      [{ a: eliza, b: { persona: 'nobody' } }, /no persona is called "nobody"/],
      [{ a: eliza, b: { persona: 'broken', service: 'parry' } }, /broken\.md:\d/],
      [{ a: eliza, b: { persona: 'hypatia', service: 'openai' } }, /OPENAI_API_KEY/],
    ];
    for (const [seats, words] of cases) {
      const { status, json } = await post(port, '/api/meetings', { seats });
      const { message } = (json as { error: { message: string } }).error;
      expect([status >= 400 && status < 500, words.test(message) || message]).toEqual([true, true]);
    }
  });

  it('says in one sentence that its port is taken, or that others may come only with a token', async () => {
    const cwd = await temporaryFolder();
    const { port } = await startWeb(cwd);
    const taken = colloquy(cwd, 'web', `--port=${port}`);
    expect((await taken.ended).code).toBe(2);
    expect(taken.stderr).toMatch(/^colloquy: port \d+ of 127\.0\.0\.1 is taken, .*--port\n$/);
    const open = colloquy(cwd, 'web', '--port=0', '--host=0.0.0.0');
    expect((await open.ended).code).toBe(2);
    expect(open.stderr).toMatch(/^colloquy: --host 0\.0\.0\.0 .*COLLOQUY_WEB_TOKEN/);
  });
});

describe('a page whose proxy is killed', () => {
  it('says so, and goes on by itself when the meeting does, without a gap or a repetition', async () => {
    const folder = await temporaryFolder();
    const transcripts = path.join(folder, 'transcripts');
    const proxy = new ProxyProcess({ folder, transcripts, args: [], settings: { resume_seconds: 60 } });
    onTestFinished(() => proxy.end('SIGKILL').then(() => {}));
    await proxy.start();
    const features = ['note', 'history', 'delta'];
    const greet = async (seat: 'a' | 'b', more: object = {}): Promise<RawClient> =>
      RawClient.greet(proxy.ports[seat], {
        name: seat === 'a' ? 'Ann' : 'Ben',
        meeting: 'm',
        features,
        ...more,
      });
    const secretOf = async (client: RawClient): Promise<string> =>
      /"secret":"(\w+)"/.exec(await client.until(/\/welcome: .*\n/))?.[1] ?? '';
    const first = { a: await greet('a'), b: await greet('b') };
    const secrets = { a: await secretOf(first.a), b: await secretOf(first.b) };
    const { port } = await startWeb(transcripts);
    const reader = new EventReader(port, '/api/meetings/m/events');
    first.a.send('One.\n');
    await reader.until(isTurn(1));
    first.b.send('/delta: half a\n');
    await reader.until(({ data }) => data['text'] === 'half a');
    await proxy.end('SIGKILL');
    await reader.until(isState('interrupted'));
    // What was being written is void.
    await reader.until(
      ({ event, data }) => event === 'live' && data['type'] === 'delta' && data['text'] === '',
    );
    const seen = reader.events.length;
    await proxy.start();
    await reader.until((event) => reader.events.indexOf(event) >= seen && isState('running')(event));
    const again = { a: await greet('a', { secret: secrets.a }), b: await greet('b', { secret: secrets.b }) };
    await again.b.until(/\/welcome: .*\n/);
    again.b.send('/delta: a whole\n');
    await reader.until(({ data }) => data['text'] === 'a whole');
    again.b.send('Two, a whole turn.\n');
    await reader.until(isTurn(2));
    const journal = readFileSync(path.join(transcripts, 'm', 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    await reader.until(() => reader.ids.length >= journal.length);
    expect(reader.ids).toEqual(reader.ids.map((_, at) => at + 1));
    again.a.socket.destroy();
  });
});
