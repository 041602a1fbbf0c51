import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectWhole, journalsOf, startWorker, until } from '../support/batch-workers.ts';
import { colloquy } from '../support/program.ts';
import { openRedis, startRedis, Wire } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('a batch over Redis', () => {
  it(
    'holds 200 meetings once each, while two of three workers are killed and one hears nothing for 40 s',
    { timeout: 170_000 },
    async () => {
      const { url, port } = await startRedis();
      const cwd = await temporaryFolder();
      writeFileSync(path.join(cwd, 'slow.yml'), 'service: eliza\ncharacters_per_second: 120\n');
      writeFileSync(
        path.join(cwd, 'many.yml'),
        `name: many
personas: { a: [eliza], b: [parry] }
services: { a: [{ config: slow.yml }] }
repeat: 200
settings: [{ max_messages: 8, loops: 'off' }]
`,
      );
      const wire = new Wire(port);
      const cutOff = await startWorker(`redis://127.0.0.1:${await wire.listen()}`, '-j', '8');
      const first = await startWorker(url, '-j', '8');
      const batch = colloquy(cwd, 'batch', 'run', 'many.yml', '--redis', url);
      const redis = openRedis(url);
      const done = async (): Promise<number> =>
        readdirSync(path.join(cwd, 'batches', 'many', 'meetings')).length +
        (await redis.llen('colloquy:batch:many:finished'));
      await until(
        async () => existsSync(path.join(cwd, 'batches', 'many')) && (await done()) > 10,
        'ten done',
      );
      first.child.kill('SIGKILL');
      wire.cut();
      const cutAtMs = performance.now();
      const second = await startWorker(url, '-j', '8');
      const before = await done();
      await until(async () => (await done()) > before + 10, 'ten more');
      second.child.kill('SIGKILL');
      const third = await startWorker(url, '-j', '16');

      await until(() => performance.now() - cutAtMs > 40_000, '40 s');
      wire.mend();
      const { code } = await batch.ended;
      expect(batch.stdout).toContain('200 of 200 done');
      expect(code).toBe(0);
      for (const worker of [cutOff, third]) {
        worker.child.kill('SIGTERM');
        expect((await worker.ended).code).toBe(0);
      }

      const journals = journalsOf(cwd, 'many');
      for (const events of journals) expectWhole(events);
      const seeds = journals.map(([head]) => (head?.type === 'meeting' ? head.seats.a.seed : undefined));
      expect(new Set(seeds).size).toBe(200);
      // What was begun by those who died was gone on with, and not begun anew.
      expect(
        journals.filter((events) => events.some(({ type }) => type === 'returned')).length,
      ).toBeGreaterThan(5);
      expect(cutOff.stderr).toMatch(/no word of Redis: [1-8] meetings are left/);
      expect(readdirSync(path.join(cwd, 'batches', 'many', 'meetings')).length).toBe(200);
      // Nothing of it is left behind.
      expect(await redis.keys('colloquy:batch:*')).toEqual([]);
      expect(await redis.keys('colloquy:meeting:*')).toEqual([]);
    },
  );
});
