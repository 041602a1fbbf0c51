import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectWhole, journalsOf, startWorker } from '../support/batch-workers.ts';
import { startModelServer } from '../support/model-server.ts';
import { run } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('a batch over Redis', () => {
  it(
    'keeps 60 requests a minute over four workers, and stops all of them at its limit',
    { timeout: 120_000 },
    async () => {
      const { url } = await startRedis();
      const cwd = await temporaryFolder();
      const askedAtMs: number[] = [];
      const server = await startModelServer('openai', () => {
        askedAtMs.push(performance.now());
        return {
          type: 'reply',
          pieces: ['Well, ', 'what else is new?'],
          usage: { input: 90, output: 10, cached: 0 },
        };
      });
      writeFileSync(
        path.join(cwd, 'local.yml'),
        `service: lmstudio\nbase_url: ${server.origin}/v1\nmodel: small\n`,
      );
      const write = (tokens: number): void =>
        writeFileSync(
          path.join(cwd, 'models.yml'),
          `name: models
personas: { a: [therapist], b: [parry] }
services: { a: [{ config: local.yml }] }
repeat: 12
settings: [{ max_messages: 6, first: b, loops: 'off' }]
requests: { lmstudio: { per_minute: 60 } }
limits: { batch: { tokens: ${tokens} } }
`,
        );
      write(1_500);
      const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker(url, '-j', '3')));
      const limited = await run(cwd, 'batch', 'run', 'models.yml', '--redis', url);
      expect(limited.stdout).toContain('has reached its limit of 1500 tokens');
      expect(limited.code).toBe(1);
      // Nobody who still waits for a request begins one, though eleven meetings stand there.
      expect(askedAtMs.length).toBeGreaterThanOrEqual(15);
      expect(askedAtMs.length).toBeLessThanOrEqual(15 + 2);
      const count = askedAtMs.length;
      await sleep(2_500);
      expect(askedAtMs.length).toBe(count);

      // One a second; on a busy machine one may be heard late, and the next in time.
      const gaps = askedAtMs.slice(1).map((atMs, at) => atMs - Number(askedAtMs[at]));
      expect(gaps.sort((one, other) => one - other)[7]).toBeGreaterThan(700);
      const spanMs = Math.max(...askedAtMs) - Math.min(...askedAtMs);
      expect(spanMs).toBeGreaterThan((askedAtMs.length - 1) * 1_000 - 1_500);

      write(0);
      const text = readFileSync(path.join(cwd, 'models.yml'), 'utf8');
      writeFileSync(path.join(cwd, 'models.yml'), text.replace('per_minute: 60', 'per_minute: 0'));
      const rest = await run(cwd, 'batch', 'run', 'models.yml', '--redis', url);
      expect(rest.stdout).toMatch(/12 of 12 done · 3,600 tokens/);
      // Three replies in each of twelve meetings: nothing was paid twice.
      expect(askedAtMs).toHaveLength(36);
      for (const events of journalsOf(cwd, 'models')) expectWhole(events);
      for (const worker of workers) worker.child.kill('SIGTERM');
      for (const worker of workers) expect((await worker.ended).code).toBe(0);
    },
  );
});
