import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openInside } from '../../web/server/folders.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { ask, EventReader, startWeb } from '../support/web.ts';

const json = { 'content-type': 'application/json' };

describe('the name by which the server is called', () => {
  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'a@127.0.0.1',
    '10.0.0.1',
    '127.1',
    '[::ffff:10.0.0.1]',
  ])('a page that was rebound to this machine is refused: %j', async (host) => {
    const { port } = await startWeb(await temporaryFolder());
    for (const where of ['/', '/api/meetings', '/api/now']) {
      // 400: what is no name at all is not even a request.
      expect([400, 403]).toContain((await ask(port, where, { headers: { host } })).status);
    }
  });

  test.each(['127.0.0.1', 'localhost:8080', '[::1]:31337', 'LOCALHOST', 'page.example'])(
    '%s is ours',
    async (host) => {
      const { port } = await startWeb(await temporaryFolder(), { names: ['page.example'] });
      expect((await ask(port, '/api/meetings', { headers: { host } })).status).toBe(200);
    },
  );
});

describe('a page of another site', () => {
  test.each([
    ['an opaque origin', { origin: 'null' }],
    ['another site', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['another scheme', { origin: 'file://' }],
    ['no origin, but a browser', { 'sec-fetch-site': 'cross-site' }],
    ['another port, without an origin', { 'sec-fetch-site': 'same-site' }],
    ['a browser that tells no origin', { 'sec-fetch-mode': 'cors', cookie: 'a=b' }],
  ])('cannot post: %s', async (_, headers) => {
    const { port } = await startWeb(await temporaryFolder());
    const answer = await ask(port, '/api/personas/preview', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: '{"text":"# Persona: X\\n\\nYou are X."}',
    });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'bad-origin' } });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    undefined,
  ])('cannot post what needs no question before: %s', async (type) => {
    const { port } = await startWeb(await temporaryFolder());
    const headers = type === undefined ? {} : { 'content-type': type };
    const answer = await ask(port, '/api/meetings/x/control', {
      method: 'POST',
      headers,
      body: '{"action":"stop"}',
    });
    expect(answer.status).toBe(415);
  });

  test('is told by no answer that it may read', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answers = [
      await ask(port, '/api/meetings', { method: 'OPTIONS', headers }),
      await ask(port, '/api/meetings', { method: 'OPTIONS' }),
      await ask(port, '/api/meetings', { headers }),
      await ask(port, '/api/meetings'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 204, 403, 200]);
    for (const answer of answers) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('may link to a place in the page, and may not make a browser ask the API', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(port, '/meetings/x', { headers })).status).not.toBe(403);
    expect((await ask(port, '/api/meetings', { headers })).status).toBe(403);
  });
});

describe('every answer', () => {
  test.each(['/', '/no/such/place', '/api/meetings', '/api/none', '/api/openapi.json'])(
    'forbids what is not of this server, in nobody’s frame: %s',
    async (where) => {
      const { port } = await startWeb(await temporaryFolder());
      for (const host of ['127.0.0.1', 'evil.example']) {
        const { headers } = await ask(port, where, { headers: { host } });
        expect(headers['content-security-policy']).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
        expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|data:|http/);
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
        });
      }
    },
  );

  test('to a method that nobody needs is no', async () => {
    const { port } = await startWeb(await temporaryFolder());
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect((await ask(port, '/api/meetings', { method, headers: json })).status).toBe(405);
    }
    expect((await ask(port, '/api/meetings', { method: 'HEAD' })).text).toBe('');
  });
});

describe('a server with a token', () => {
  test('answers nobody without it, by header, cookie or address', async () => {
    const { port } = await startWeb(await temporaryFolder(), { token: 'open sesame' });
    const wrong: { where?: string; headers?: Record<string, string> }[] = [
      {},
      { headers: { authorization: 'Bearer open' } },
      { headers: { authorization: 'Bearer opensesame' } },
      { headers: { cookie: `colloquy-${port}=open sesame` } },
      { where: '?token=open' },
    ];
    for (const { where = '', headers = {} } of wrong) {
      const { status, text } = await ask(port, `/api/meetings${where}`, { headers });
      expect([status, text]).toEqual([401, expect.stringContaining('bad-token')]);
    }
    for (const page of ['/', '/app.js', '/favicon.svg', '/api/now', '/api/openapi.json', '/none']) {
      expect((await ask(port, page)).status).toBe(401);
    }
    // Who goes on guessing has to wait.
    const begun = performance.now();
    for (const guess of ['a', 'b', 'c']) {
      await ask(port, '/api/meetings', { headers: { authorization: `Bearer ${guess}` } });
    }
    expect(performance.now() - begun).toBeGreaterThan(900);
  });

  test('lets in whoever has it, and takes it out of the address', async () => {
    const { port } = await startWeb(await temporaryFolder(), { token: 'sesame' });
    expect((await ask(port, '/api/meetings', { headers: { authorization: 'Bearer sesame' } })).status).toBe(
      200,
    );
    const first = await ask(port, '/meetings/x?view=facts&token=sesame');
    expect([first.status, first.headers.location]).toEqual([303, '/meetings/x?view=facts']);
    // And leads to no other host.
    const away = await ask(port, '//elsewhere.example/x?token=sesame');
    expect(away.headers.location).toBe('/elsewhere.example/x');
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/i);
    expect(cookie).not.toContain('sesame');
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await ask(port, '/api/meetings', { headers })).status).toBe(200);
    const other = await startWeb(await temporaryFolder(), { token: 'other' });
    expect((await ask(other.port, '/api/meetings', { headers })).status).toBe(401);
  });
});

describe('a path', () => {
  test('leads nowhere outside of the transcripts, however it is written', async () => {
    const root = await temporaryFolder();
    const transcripts = path.join(root, 'transcripts');
    mkdirSync(path.join(transcripts, 'm'), { recursive: true });
    mkdirSync(path.join(root, 'elsewhere'));
    const secret = `${JSON.stringify({ v: 1, seq: 1, t: '', type: 'secret' })}\n`;
    for (const where of ['elsewhere', '.']) writeFileSync(path.join(root, where, 'journal.jsonl'), secret);
    symlinkSync('../elsewhere', path.join(transcripts, 'link'));
    symlinkSync('../../elsewhere/journal.jsonl', path.join(transcripts, 'm', 'journal.jsonl'));
    const { port, warnings } = await startWeb(transcripts);
    const names = [
      '..',
      '%2e%2e',
      '../elsewhere',
      '..%2felsewhere',
      '..%2Felsewhere',
      '..%5celsewhere',
      '%2e%2e%2felsewhere',
      '..%252felsewhere',
      'link',
      'm',
      'm%00',
      '%00',
      '.',
      '%c0%ae%c0%ae',
      '....//elsewhere',
      encodeURIComponent(path.join(root, 'elsewhere')),
    ];
    for (const name of names) {
      for (const rest of ['', '/events']) {
        const { status, text } = await ask(port, `/api/meetings/${name}${rest}`);
        expect([
          name,
          text.includes('secret'),
          status >= 200 && status < 300 && name !== '.' && name !== '..' && name !== '%2e%2e',
        ]).toEqual([name, false, false]);
      }
    }
    for (const name of [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '//etc/passwd',
      '/chunks/../../../../package.json',
      '/app.js%00',
    ]) {
      const { text } = await ask(port, name);
      expect(text).not.toMatch(/"dependencies"|root:/);
    }
    expect(warnings).toEqual([]);
  });

  test('to a file inside a folder follows no link on any level, and no pipe keeps it waiting', async () => {
    const root = await temporaryFolder();
    const folder = path.join(root, 'inside');
    mkdirSync(path.join(folder, 'deep'), { recursive: true });
    writeFileSync(path.join(folder, 'deep', 'file.txt'), 'fine');
    writeFileSync(path.join(root, 'outside.txt'), 'secret');
    symlinkSync('../outside.txt', path.join(folder, 'link.txt'));
    symlinkSync('..', path.join(folder, 'up'));
    symlinkSync('deep/file.txt', path.join(folder, 'harmless.txt'));
    const { handle, bytes } = await openInside(folder, 'deep/file.txt');
    await handle.close();
    expect(bytes).toBe(4);
    for (const name of [
      'link.txt',
      'up/outside.txt',
      '../outside.txt',
      'deep/../../outside.txt',
      'harmless.txt',
      'deep',
      '',
      '.',
      '/etc/passwd',
      'deep/file.txt\0',
      'deep\\file.txt',
      'x'.repeat(300),
    ]) {
      await expect(openInside(folder, name)).rejects.toMatchObject({ status: 404 });
    }
  });
});

describe('what is asked', () => {
  test('has bounds: of a body, told or not, and of headers', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const body = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) });
    const whole = { method: 'POST', headers: { ...json, 'content-length': body.length }, body };
    expect((await ask(port, '/api/personas/preview', whole)).status).toBe(413);
    const chunked = { method: 'POST', headers: { ...json, 'transfer-encoding': 'chunked' }, body };
    expect((await ask(port, '/api/personas/preview', chunked)).status).toBe(413);
    const headers = { 'x-long': 'y'.repeat(20_000) };
    expect((await ask(port, '/', { headers })).status).toBe(431);
  });

  test('is checked: what it does not know, it refuses in one sentence that names the place', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const start = (body: object) =>
      ask(port, '/api/meetings', { method: 'POST', headers: json, body: JSON.stringify(body) });
    const eliza = { persona: 'eliza', service: 'eliza' };
    const cases: [object, string][] = [
      [{ seats: { a: { persona: '../../etc/passwd' }, b: eliza } }, 'seats.a.persona'],
      [{ seats: { a: { persona: '--help' }, b: eliza } }, 'seats.a.persona'],
      [{ seats: { a: { ...eliza, model: '/etc/passwd' }, b: eliza } }, 'seats.a.model'],
      [{ seats: { a: { persona: 'eliza', service: 'command', model: 'rm' }, b: eliza } }, 'seats.a.model'],
      [{ seats: { a: eliza, b: eliza }, execution: { tier: 'none-i-accept-the-risk' } }, 'execution.tier'],
      [{ seats: { a: eliza, b: eliza }, hello: '' }, 'hello'],
      [{ seats: { a: eliza, b: eliza }, config: 'x.yml' }, 'config'],
      [{ seats: { a: eliza } }, 'seats.b'],
    ];
    for (const [body, where] of cases) {
      const { status, text } = await start(body);
      expect(status).toBe(400);
      expect((JSON.parse(text) as { error: { message: string } }).error.message).toContain(where);
    }
    const broken = await ask(port, '/api/meetings', { method: 'POST', headers: json, body: '{' });
    expect(broken.status).toBe(400);
  });

  test('of streams: a question about the headers alone opens none', async () => {
    const { port } = await startWeb(await temporaryFolder());
    const head = await ask(port, '/api/now', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    const reader = new EventReader(port, '/api/now');
    expect(await reader.until(({ event }) => event === 'rows')).toMatchObject({ data: [] });
  });
});
