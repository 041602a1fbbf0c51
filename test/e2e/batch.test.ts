import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { startModelServer } from '../support/model-server.ts';
import { colloquy, run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

function meetingsOf(cwd: string, name: string): string[] {
  const folder = path.join(cwd, 'batches', name, 'meetings');
  return existsSync(folder) ? readdirSync(folder).map((meeting) => path.join(folder, meeting)) : [];
}

/** Whole lines only: the last one may be on its way. */
function eventsIn(folder: string): JournalEvent[] {
  const journal = path.join(folder, 'journal.jsonl');
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalEvent);
}

const isOver = (events: readonly JournalEvent[]): boolean => events.at(-1)?.type === 'stop';

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('colloquy batch', () => {
  it('holds every meeting once, killed three times in the middle', { timeout: 120_000 }, async () => {
    const cwd = await temporaryFolder();
    const experiment = `name: many
personas: { a: [eliza], b: [parry] }
repeat: 24
settings: [{ max_messages: 30, loops: 'off' }]
`;
    writeFileSync(path.join(cwd, 'many.yml'), experiment);
    const interrupted = new Set<string>();
    for (let kill = 1; kill <= 3; kill++) {
      const batch = colloquy(cwd, 'batch', 'run', 'many.yml', '-j', '4');
      const before = meetingsOf(cwd, 'many').length;
      const halfDone = (): string[] =>
        meetingsOf(cwd, 'many').filter((folder) => {
          const events = eventsIn(folder);
          return !isOver(events) && events.filter(({ type }) => type === 'turn').length >= kill;
        });
      await until(
        () =>
          batch.child.exitCode !== null || (meetingsOf(cwd, 'many').length > before && halfDone().length > 0),
      );
      batch.child.kill('SIGKILL');
      expect((await batch.ended).signal).toBe('SIGKILL');
      for (const folder of meetingsOf(cwd, 'many')) if (!isOver(eventsIn(folder))) interrupted.add(folder);
    }
    const { code, stdout } = await run(cwd, 'batch', 'run', 'many.yml', '-j', '4');
    expect(stdout).toContain('24 of 24 done');
    expect(code).toBe(0);

    const folders = meetingsOf(cwd, 'many');
    const journals = folders.map(eventsIn);
    expect(journals).toHaveLength(24);
    const seeds = journals.map(([head]) => (head?.type === 'meeting' ? head.seats.a.seed : undefined));
    expect([...seeds].sort((one, other) => Number(one) - Number(other))).toEqual(
      Array.from({ length: 24 }, (_, at) => at + 1),
    );
    for (const events of journals) {
      expect(events.filter(({ type }) => type === 'stop')).toHaveLength(1);
      const turns = events.flatMap((event) => (event.type === 'turn' ? [event.turn] : []));
      expect(turns).toEqual(turns.map((_, at) => at + 1));
      expect(isOver(events)).toBe(true);
    }
    expect(folders.filter((folder) => !existsSync(path.join(folder, 'transcript.html')))).toEqual([]);
    expect(existsSync(path.join(cwd, 'batches', 'many', 'failed'))).toBe(false);
    // Some of them went on where they had been, and were not begun anew.
    expect(interrupted.size).toBeGreaterThan(0);
    const gone = [...interrupted].filter((folder) =>
      eventsIn(folder).some(({ type }) => type === 'returned'),
    );
    expect(gone.length).toBeGreaterThan(0);

    const again = await run(cwd, 'batch', 'run', 'many.yml');
    expect(again.stdout).toContain('24 are held already, 0 were interrupted');
    expect(folders.map(eventsIn)).toEqual(journals);
  });

  it('tries again what may pass, keeps apart what does not, and stops at its limit', async () => {
    const cwd = await temporaryFolder();
    let hiccups = 1;
    const askedAtMs: number[] = [];
    const usage = { input: 90, output: 10, cached: 0 };
    const server = await startModelServer('openai', (body) => {
      askedAtMs.push(performance.now());
      if (body['model'] === 'unknown') return { type: 'refuse', status: 404, message: 'no such model' };
      if (hiccups-- > 0) return { type: 'refuse', status: 503, message: 'too much to do' };
      return { type: 'reply', pieces: ['Well, what else is new?'], usage };
    });
    writeFileSync(
      path.join(cwd, 'local.yml'),
      `service: lmstudio\nbase_url: ${server.origin}/v1\nmax_retries: 0\nmodel: small\n`,
    );
    const write = (limit: number): void =>
      writeFileSync(
        path.join(cwd, 'models.yml'),
        `name: models
personas: { a: [therapist], b: [parry] }
services:
  a:
    - { name: good, config: local.yml }
    - { name: bad, config: local.yml, model: unknown }
repeat: 5
settings: [{ max_messages: 4, first: a, loops: 'off' }]
requests: { lmstudio: { per_minute: 120 } }
limits: { batch: { tokens: ${limit} } }
`,
      );
    write(250);
    const limited = await run(cwd, 'batch', 'run', 'models.yml', '-j', '1');
    expect(limited.stdout).toContain('failed, tried again (2 left): lmstudio');
    expect(limited.stdout).toMatch(/failed, given up: .*unknown/);
    expect(limited.stdout).toContain('has reached its limit of 250 tokens');
    expect(limited.code).toBe(1);
    const failed = readdirSync(path.join(cwd, 'batches', 'models', 'failed'));
    expect(failed.length).toBeGreaterThan(1);
    // The turn that reached it was the last: the therapist begins with an opening, and is asked once a meeting.
    expect(server.requests.filter(({ body }) => body['model'] === 'small')).toHaveLength(1 + 3);

    write(0);
    askedAtMs.length = 0;
    const rest = await run(cwd, 'batch', 'run', 'models.yml', '-j', '3');
    expect(rest.stdout).toMatch(/5 of 10 done, 5 failed · 500 tokens/);
    expect(rest.code).toBe(1);
    // One reply in each of five meetings, and the one that was refused: nothing was paid twice.
    expect(server.requests.filter(({ body }) => body['model'] === 'small')).toHaveLength(1 + 5);
    // Three meetings at a time, and one pace for all of them; a request may be a little late on its way.
    const spanMs = Number(askedAtMs.at(-1)) - Number(askedAtMs[0]);
    expect(spanMs).toBeGreaterThan((askedAtMs.length - 1) * 500 - 1_000);
  });

  it('has code run, each meeting in a session of its own, until enough tests have passed', async () => {
    const cwd = await temporaryFolder();
    const replies = (name: string): string => path.join(packageRoot, 'examples', `fibonacci-${name}.yml`);
    writeFileSync(
      path.join(cwd, 'code.yml'),
      `name: code
personas: { a: [programmer], b: [tester] }
services: { a: ['scripted:${replies('programmer')}'], b: ['scripted:${replies('tester')}'] }
repeat: 3
settings: [{ execute: true, passes: 2, first: a, max_messages: 10 }]
`,
    );
    const { stdout, code } = await run(cwd, 'batch', 'run', 'code.yml', '-v', '-j', '3');
    expect(stdout.match(/6 turns, .*tests-passed/g)).toHaveLength(3);
    expect(code).toBe(0);
    for (const folder of meetingsOf(cwd, 'code')) {
      const tests = eventsIn(folder).flatMap((event) =>
        event.type === 'result' && event.kind === 'test' ? [event.outcome] : [],
      );
      expect(tests).toEqual(['failed', 'ok', 'ok']);
    }
  });

  it('says how many meetings it would be, and what is wrong with a file, line by line', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(
      path.join(cwd, 'good.yml'),
      'name: good\npersonas: { a: [eliza, therapist], b: [parry] }\nservices: { a: ["openai:gpt-4o-mini"] }\nseeds: [1, 2]\nrepeat: 3\nexclude: [{ a: eliza, seed: 2 }]\n',
    );
    const good = await run(cwd, 'batch', 'check', 'good.yml');
    expect(good.stdout).toMatch(/good: 9 meetings, 2 × 1 speakers × 2 seeds × 3 repetitions, 3 excluded/);
    expect(good.stdout).toMatch(/tokens read, .* written, \$0\.\d+/);
    writeFileSync(
      path.join(cwd, 'bad.yml'),
      'name: bad\npersonas:\n  a: [eliza, nobody-here]\n  b: [parry]\nexclude:\n  - { a: elisa }\nrepeats: 3\n',
    );
    const bad = await run(cwd, 'batch', 'check', 'bad.yml');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('bad.yml:7:1 unknown key "repeats", did you mean "repeat"?');
  });
});
