import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandMatrix, type Job } from '../../../batch/expand.ts';
import { loadMatrix } from '../../../batch/matrix.ts';
import { ConfigError } from '../../../config/errors.ts';
import { isMeetingName } from '../../../wire/greeting.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function expand(text: string): Promise<Job[]> {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, 'experiment.yml'), text);
  return expandMatrix(loadMatrix('experiment.yml', cwd).matrix);
}

async function problemsIn(text: string): Promise<string[]> {
  const problem: unknown = await expand(text).catch((error: unknown) => error);
  if (!(problem instanceof ConfigError)) throw new Error('nothing was found wrong');
  return problem.problems.map(({ where, message }) => `${where} ${message}`);
}

const idsOf = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id);

describe('expandMatrix', () => {
  it('gives every cell a name of its own that a meeting may have', async () => {
    const jobs = await expand(`name: x
personas: { a: [eliza, ../personas/eliza.md], b: ['${'long '.repeat(30)}', 人] }
services: { a: [eliza, { service: openai, model: m, temperature: 0 }, { name: hot, service: openai, model: m, temperature: 1 }] }
seeds: [-1, 1]
repeat: 2
settings: [{}, { max_messages: 3 }]
`);
    expect(jobs).toHaveLength(2 * 3 * 2 * 2 * 2 * 2);
    expect(new Set(idsOf(jobs)).size).toBe(jobs.length);
    expect(idsOf(jobs).filter((id) => !isMeetingName(id))).toEqual([]);
  });

  it('calls a cell the same whatever is added around it, and in what order its keys stand', async () => {
    const small = await expand(
      'name: x\npersonas: { a: [eliza], b: [parry] }\nsettings: [{ max_messages: 3, hello: hi }]\n',
    );
    const large = await expand(
      'name: y\npersonas: { a: [therapist, eliza], b: [parry] }\nsettings: [{ max_messages: 9 }, { name: short, hello: hi, max_messages: 3 }]\nrepeat: 3\n',
    );
    expect(idsOf(large)).toContain(idsOf(small)[0]);
  });

  it('gives repetitions seeds of their own where none are listed, and those that are listed to all', async () => {
    const own = await expand('name: x\npersonas: { a: [eliza], b: [parry] }\nrepeat: 3\n');
    expect(own.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    const listed = await expand('name: x\npersonas: { a: [eliza], b: [parry] }\nrepeat: 2\nseeds: [7, 8]\n');
    expect(listed.map(({ seed }) => seed)).toEqual([7, 8, 7, 8]);
  });

  it('leaves out what is excluded by all that an exclusion says', async () => {
    const jobs = await expand(
      'name: x\npersonas: { a: [eliza, parry], b: [eliza, parry] }\nseeds: [1, 2]\nexclude: [{ a: eliza, b: eliza }, { a: parry, b: parry, seed: 2 }]\n',
    );
    expect(jobs.map(({ seats, seed }) => `${seats.a.persona} ${seats.b.persona} ${seed}`)).toEqual([
      'eliza parry 1',
      'parry eliza 1',
      'parry parry 1',
      'eliza parry 2',
      'parry eliza 2',
    ]);
  });
});

describe('loadMatrix', () => {
  it('says where a thing stands that is twice there, misspelt, or excludes nothing', async () => {
    expect(
      await problemsIn(`name: a b
personas:
  a: [eliza, eliza]
  b: []
repeat: 0
limits: { batch: { token: 3 } }
`),
    ).toEqual([
      'experiment.yml:1:7 name must have letters, digits, "_" and "-" only, 40 at most, not "a b"',
      'experiment.yml:4:6 personas.b must not be empty',
      'experiment.yml:5:9 repeat must be at least 1, not 0',
      'experiment.yml:6:20 unknown key "token", did you mean "tokens"?',
    ]);
    expect(
      await problemsIn('name: x\npersonas:\n  a: [eliza, eliza]\n  b: [parry]\nexclude:\n  - seed: 9\n'),
    ).toEqual([
      'experiment.yml:3:14 personas.a has "eliza" twice; delete one, or give one another name',
      'experiment.yml:6:11 exclude.seed is 9, which the matrix does not have',
    ]);
  });
});
