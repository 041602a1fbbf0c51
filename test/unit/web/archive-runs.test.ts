import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listRuns, readRunDetail } from '../../../web/server/archive-runs.ts';
import { writeRuns } from '../../support/archive.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const pipeline = '20261120-101500-engineering-ab12';
const coding = '20261121-080000-code-cd34';
const nobody = (): boolean => false;

async function runsFolder(): Promise<string> {
  const runs = await temporaryFolder();
  await writeRuns(runs);
  return runs;
}

describe('runs', () => {
  it('are listed, the latest first, pipelines and coding tasks alike', async () => {
    const { runs } = await listRuns(await runsFolder(), nobody);
    expect(runs).toMatchObject([
      { id: coding, kind: 'code', title: 'Print the first ten primes.', state: 'done' },
      {
        id: pipeline,
        kind: 'pipeline',
        title: 'engineering',
        state: 'failed',
        steps: { done: 2, failed: 1, all: 5 },
      },
    ]);
  });

  it('tell of each step of a pipeline how far it is, and where it stands in the graph', async () => {
    const detail = await readRunDetail(await runsFolder(), pipeline, nobody);
    expect(detail?.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      ...['request done', 'plan done', 'code failed', 'verdict blocked', 'readme blocked'],
    ]);
    expect(detail?.steps[1]).toMatchObject({ models: ['openai:gpt-4o-mini'], tokens: 600, fromCache: true });
    const { nodes = [], edges = [] } = detail?.graph ?? {};
    const topOf = (step: string): number => nodes.find((node) => node.step === step)?.y ?? NaN;
    expect(topOf('request')).toBeLessThan(topOf('plan'));
    expect(topOf('plan')).toBeLessThan(topOf('code'));
    expect(edges.filter(({ isCondition }) => isCondition)).toMatchObject([{ from: 'plan', to: 'verdict' }]);
    expect(detail).toMatchObject({ hasReport: true, documents: ['prompts.md'] });
    expect(detail?.files.map((file) => file.path)).toContain('output/<b>&.py');
  });

  it('tell what the coder did, attempt by attempt', async () => {
    const detail = await readRunDetail(await runsFolder(), coding, nobody);
    expect(detail?.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      ...['plan done', 'dependencies done', 'attempt-1 failed', 'attempt-2 done'],
    ]);
    // What a program printed ends no block of code.
    expect(detail?.steps[2]?.output).toContain('````text\nTraceback ```\n````');
    expect(detail?.documents).toEqual(['report.md']);
  });

  it('are running as long as a process is at work in them, else they were interrupted', async () => {
    const runs = await runsFolder();
    await writeFile(
      path.join(runs, pipeline, 'run.json'),
      JSON.stringify({ v: 1, pipeline: 'engineering', startedAt: '2026-11-20T10:15:00.000Z', software: 'x' }),
    );
    await rm(path.join(runs, pipeline, 'steps', 'code'), { recursive: true });
    const stateOf = async (isRunning: boolean): Promise<string | undefined> =>
      (await readRunDetail(runs, pipeline, () => isRunning))?.row.state;
    expect(await stateOf(true)).toBe('running');
    expect(await stateOf(false)).toBe('interrupted');
  });

  it('that cannot be read are passed over', async () => {
    const runs = await runsFolder();
    await writeFile(path.join(runs, pipeline, 'run.json'), '{"v":1,"pipel');
    await writeFile(path.join(runs, coding, 'events.jsonl'), '{"type":"planned","plan":"x"}\n{"type":"pla');
    expect((await listRuns(runs, nobody)).runs.map(({ id }) => id)).toEqual([coding]);
    expect((await readRunDetail(runs, coding, nobody))?.steps).toMatchObject([{ name: 'plan', output: 'x' }]);
    expect(await readRunDetail(runs, '../outside', nobody)).toBeUndefined();
    expect((await listRuns(path.join(runs, 'none'), nobody)).runs).toEqual([]);
  });
});
