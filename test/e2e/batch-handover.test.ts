import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectWhole, journalsOf, startWorker, until } from '../support/batch-workers.ts';
import { startModelServer } from '../support/model-server.ts';
import { colloquy, run } from '../support/program.ts';
import { openRedis, startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

const slow = `name: slow
personas: { a: [eliza], b: [parry] }
services: { a: [{ config: slow.yml }] }
repeat: 4
settings: [{ max_messages: 12, loops: 'off' }]
`;

async function slowBatch(): Promise<string> {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, 'slow.yml'), 'service: eliza\ncharacters_per_second: 60\n');
  writeFileSync(path.join(cwd, 'batch.yml'), slow);
  return cwd;
}

describe('a batch over Redis', () => {
  it('is handed on by a worker that is told to end, and comes home half done when it is stopped', async () => {
    const { url } = await startRedis();
    const cwd = await slowBatch();
    const redis = openRedis(url);
    const turns = async (): Promise<number> => {
      const keys = await redis.keys('colloquy:meeting:slow/*:journal');
      const journals = await Promise.all(keys.map((key) => redis.get(key)));
      return journals.join('').split('"type":"turn"').length - 1;
    };
    const first = await startWorker(url, '-j', '4');
    const batch = colloquy(cwd, 'batch', 'run', 'batch.yml', '--redis', url);
    await until(async () => (await turns()) > 6, 'six turns');
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    expect(first.stderr.match(/was handed back/g)).toHaveLength(4);
    const before = await turns();

    const second = await startWorker(url, '-j', '2');
    await until(async () => (await turns()) > before + 2, 'more turns');
    expect(second.stderr.match(/goes on here/g)).toHaveLength(2);
    batch.child.kill('SIGINT');
    expect((await batch.ended).code).toBe(130);
    expect(batch.stderr).toContain('Stops after the turns that are being written');
    expect(second.stderr.match(/was left, since the batch is halted/g)).toHaveLength(2);
    // All four are here, with all that was said, and nothing of them is held anywhere.
    const halfDone = journalsOf(cwd, 'slow');
    expect(halfDone).toHaveLength(4);
    const said = halfDone.flat().filter(({ type }) => type === 'turn').length;
    expect(said).toBeGreaterThan(before + 2);
    second.child.kill('SIGTERM');
    await second.ended;

    // Without Redis, on this machine.
    const rest = await run(cwd, 'batch', 'run', 'batch.yml');
    expect(rest.stdout).toContain('0 are held already, 4 were interrupted');
    expect(rest.stdout).toContain('4 of 4 done');
    const whole = journalsOf(cwd, 'slow');
    for (const events of whole) expectWhole(events);
    for (const [at, events] of halfDone.entries()) expect(whole[at]?.slice(0, events.length)).toEqual(events);
  });

  it('is begun again where it was not home yet, when Redis dies and knows nothing any more', async () => {
    const redis = await startRedis();
    const cwd = await slowBatch();
    const worker = await startWorker(redis.url, '-j', '2');
    const batch = colloquy(cwd, 'batch', 'run', 'batch.yml', '--redis', redis.url);
    const meetings = path.join(cwd, 'batches', 'slow', 'meetings');
    const home = (): string[] => (existsSync(meetings) ? readdirSync(meetings) : []);
    await until(
      () => home().length === 2 && worker.stderr.split('begins here').length === 5,
      'two at home and two begun',
    );
    redis.kill();
    await startRedis(redis.port);
    expect((await batch.ended).code).toBe(0);
    expect(batch.stderr).toContain('Redis has lost the batch; what was not brought home yet is held anew');
    expect(batch.stdout).toContain('4 of 4 done');
    for (const events of journalsOf(cwd, 'slow')) expectWhole(events);
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  it('is tried again where that may help, and left to others where a key would go astray', async () => {
    const { url } = await startRedis();
    const cwd = await temporaryFolder();
    let hiccups = 1;
    const server = await startModelServer('openai', () => {
      if (hiccups-- > 0) return { type: 'refuse', status: 503, message: 'too much to do' };
      return { type: 'reply', pieces: ['Well.'], usage: { input: 9, output: 1, cached: 0 } };
    });
    writeFileSync(
      path.join(cwd, 'local.yml'),
      `service: lmstudio\nbase_url: ${server.origin}/v1\nmodel: small\nmax_retries: 0\n`,
    );
    writeFileSync(
      path.join(cwd, 'models.yml'),
      `name: models
personas: { a: [therapist], b: [parry] }
services: { a: [{ config: local.yml }] }
repeat: 3
settings: [{ max_messages: 4, first: b, loops: 'off' }]
`,
    );
    const careful = await temporaryFolder();
    writeFileSync(path.join(careful, '.env'), 'LMSTUDIO_API_KEY=sk-secret-of-the-worker\n');
    const refused = colloquy(cwd, 'batch', 'run', 'models.yml', '--redis', url);
    await refused.until(/No worker is there to hold meetings; start one/);
    const refusing = colloquy(careful, 'worker', '--redis', url);
    await refused.until(
      /leaves this batch to others: the batch wants lmstudio at \S+, and this worker has its key for \S+; set LMSTUDIO_BASE_URL/,
      'stderr',
    );
    await refused.until(/0 of 3 done · 1 worker ·/);
    expect(refusing.stderr.match(/models is left to other workers: the batch wants lmstudio/g)).toHaveLength(
      1,
    );
    expect(server.requests).toHaveLength(0);

    const worker = await startWorker(url, '-j', '1', '--metrics-port', '0');
    const [, port] = await worker.until(/metrics on 127\.0\.0\.1, port (\d+)/, 'stderr');
    // Nobody has to begin it again, and who cannot hold it does not stand in the way.
    expect((await refused.ended).code).toBe(0);
    expect(refused.stdout).toContain('3 of 3 done · ');
    refusing.child.kill('SIGTERM');
    expect((await refusing.ended).code).toBe(0);
    expect(worker.stderr).toMatch(/failed, and is tried again: .*lmstudio/);
    expect(server.requests).toHaveLength(1 + 6);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('colloquy_meetings_ended_total{reason="max-messages"} 3');
    // What was said in the try that failed is kept.
    const failed = path.join(cwd, 'batches', 'models', 'failed');
    expect(readdirSync(failed)).toHaveLength(1);
    expect(existsSync(path.join(failed, String(readdirSync(failed)[0]), 'journal.jsonl'))).toBe(true);
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  it('is not held here as well while workers may hold it, though who put it there was killed', async () => {
    const { url } = await startRedis();
    const cwd = await slowBatch();
    const redis = openRedis(url);
    const killed = colloquy(cwd, 'batch', 'run', 'batch.yml', '--redis', url.replace('//', '//:unused@'));
    await until(async () => (await redis.exists('colloquy:batch:slow')) === 1, 'the batch in Redis');
    killed.child.kill('SIGKILL');
    await killed.ended;
    const here = await run(cwd, 'batch', 'run', 'batch.yml', '-j', '4');
    expect(here).toMatchObject({ code: 2, stdout: '' });
    expect(here.stderr).toContain(`run it with --redis ${url}, which brings them home`);
    expect(here.stderr).toContain(`take "redis" out of ${path.join('batches', 'slow', 'batch.json')}`);
    const again = colloquy(cwd, 'batch', 'run', 'batch.yml', '--redis', url);
    await again.until(/no worker/);
    again.child.kill('SIGINT');
    expect((await again.ended).code).toBe(130);
    const rest = await run(cwd, 'batch', 'run', 'batch.yml', '-j', '4');
    expect(rest.stdout).toContain('4 of 4 done');
  });

  it('is refused with a sentence where workers could not hold it, or nothing is there', async () => {
    const cwd = await slowBatch();
    const nobody = await run(cwd, 'batch', 'run', 'batch.yml', '--redis', 'redis://:secret@127.0.0.1:1');
    expect(nobody.stderr).toMatch(
      /Redis at redis:\/\/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED.*; start one/,
    );
    expect(nobody.code).not.toBe(0);
    const { url } = await startRedis();
    writeFileSync(path.join(cwd, 'command.yml'), slow.replace('{ config: slow.yml }', '"command:date"'));
    const command = await run(cwd, 'batch', 'run', 'command.yml', '--redis', url);
    expect(command.stderr).toContain(
      'is written for by command, which needs files or programs of this machine',
    );
    await openRedis(url).hset('colloquy:batch:slow', {
      ...{ software: 'colloquy', owner: 'elsewhere:/batches/slow', prices: '[]', requests: '{}' },
      ...{ max_tokens: 0, max_cost: 0, polite_ms: 0 },
    });
    const taken = await run(cwd, 'batch', 'run', 'batch.yml', '--redis', url);
    expect(taken.stderr).toContain('put there from elsewhere:/batches/slow; give this one another name');
    await openRedis(url).config('SET', 'requirepass', 'secret');
    const locked = await run(cwd, 'worker', '--redis', url);
    expect(locked.stderr).toMatch(
      /^colloquy: Redis at \S+ cannot be used: it wants a password: --redis \S+\n$/,
    );
  });

  it('lets a worker end that is told to while Redis is away', async () => {
    const { url, kill } = await startRedis();
    const worker = colloquy(await temporaryFolder(), 'worker', '--redis', url, '--lease-seconds', '2');
    await worker.until(/takes meetings/, 'stderr');
    kill();
    await worker.until(/no word of Redis/, 'stderr');
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(1);
    expect(worker.stderr).toContain('Redis stays away: ended without handing back');
    // Told once, however often it is tried.
    expect(worker.stderr.match(/ECONNREFUSED/g)?.length).toBeLessThan(4);
  });
});
