import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectWhole, journalsOf, startWorker, until } from '../support/batch-workers.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { colloquy } from '../support/program.ts';
import { openRedis, startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

const code = (heading: 'RUN-CODE' | 'TEST-ASSERT', ...lines: string[]): Answer => ({
  type: 'reply',
  pieces: ['Look.\n\n', `${heading}\n\`\`\`python\n${lines.join('\n')}\n\`\`\`\n`],
});

describe('a batch over Redis whose code is run', () => {
  it('goes on with the files that it has made when a worker dies, and brings them home', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const cwd = await temporaryFolder();
    let asked = 0;
    const server = await startModelServer('openai', ({ messages }) => {
      if (!messages) return { type: 'refuse', status: 404, message: 'no such path' };
      asked++;
      if (asked === 1) return code('RUN-CODE', 'value = 7', 'print(open("notes.txt", "w").write("kept"))');
      if (asked === 2) return { type: 'silence' };
      if (asked === 3) return code('RUN-CODE', 'print(open("notes.txt").read(), "value" in globals())');
      return code('TEST-ASSERT', 'assert open("notes.txt").read() == "kept"');
    });
    writeFileSync(
      path.join(cwd, 'local.yml'),
      `service: lmstudio\nbase_url: ${server.origin}/v1\nmodel: small\n`,
    );
    writeFileSync(
      path.join(cwd, 'code.yml'),
      `name: code
personas: { a: [programmer], b: [parry] }
services: { a: [{ config: local.yml }] }
settings: [{ execute: true, passes: 1, first: a, max_messages: 20, loops: 'off' }]
`,
    );
    const unfit = await startWorker(url);
    const batch = colloquy(cwd, 'batch', 'run', 'code.yml', '--redis', url);
    await batch.until(/leaves this batch to others: .*start it with --execute/, 'stderr');
    unfit.child.kill('SIGTERM');
    await unfit.ended;
    expect(unfit.stderr).toContain('code is left to other workers');

    const first = await startWorker(url, '--execute');
    const said = async (): Promise<string> => {
      const [journal = ''] = await redis.keys('colloquy:meeting:*:journal');
      return (await redis.get(journal)) ?? '';
    };
    // What is told in Redis is there with its files.
    await until(async () => asked === 2 && (await said()).includes('"type":"result"'), 'a second request');
    first.child.kill('SIGKILL');
    const second = await startWorker(url, '--execute');
    const { code: exitCode } = await batch.ended;
    expect(batch.stdout).toContain('1 of 1 done');
    expect(exitCode).toBe(0);

    const [events = []] = journalsOf(cwd, 'code');
    expectWhole(events);
    expect(events.at(-1)).toMatchObject({ reason: 'tests-passed' });
    const outputs = events.flatMap((event) => (event.type === 'result' ? [event.output] : []));
    expect(outputs).toEqual([
      '4\n',
      expect.stringMatching(/^\[the session was lost .*\]\nkept False\n$/),
      '',
    ]);
    const [head] = events;
    const own = path.join(cwd, 'batches', 'code', 'meetings', head?.type === 'meeting' ? head.meeting : '');
    expect(readFileSync(path.join(own, 'workspace', 'notes.txt'), 'utf8')).toBe('kept');
    expect(existsSync(path.join(own, 'transcript.html'))).toBe(true);
    expect(await redis.keys('colloquy:meeting:*')).toEqual([]);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  it('is left to others by a worker that gives code other limits', async () => {
    const { url } = await startRedis();
    const cwd = await temporaryFolder();
    writeFileSync(
      path.join(cwd, 'code.yml'),
      `name: code
personas: { a: [eliza], b: [parry] }
settings: [{ execute: true, first: a, max_messages: 4 }]
`,
    );
    mkdirSync(path.join(cwd, 'config'));
    writeFileSync(path.join(cwd, 'config', 'proxy.yml'), 'execution: { limits: { seconds: 3 } }\n');
    await startWorker(url, '--execute');
    const batch = colloquy(cwd, 'batch', 'run', 'code.yml', '--redis', url);
    await batch.until(
      /execution\.limits\.seconds 3, and config\/proxy\.yml of this worker says 10/,
      'stderr',
    );
    batch.child.kill('SIGINT');
    expect((await batch.ended).code).toBe(130);
  });
});
