import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findRunFolder } from '../../../cli/run-folders.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function runsOf(heads: Readonly<Record<string, object>>): Promise<string> {
  const runs = await temporaryFolder();
  for (const [name, head] of Object.entries(heads)) {
    mkdirSync(path.join(runs, name));
    writeFileSync(path.join(runs, name, 'run.json'), JSON.stringify(head));
  }
  return runs;
}

test('the last run is the last of its kind: pipelines and coding tasks share a folder', async () => {
  const runs = await runsOf({
    '20260101-000000-code-0000': { pipeline: 'code', startedAt: '2026-01-01T00:00:00.000Z' },
    '20260102-000000-story-ffff': { pipeline: 'story', startedAt: '2026-01-02T00:00:00.100Z' },
    '20260102-000000-debate-0000': { pipeline: 'debate', startedAt: '2026-01-02T00:00:00.900Z' },
    '20260103-000000-code-0000': { kind: 'code', startedAt: '2026-01-03T00:00:00.000Z' },
    '20260104-000000-broken-0000': {},
  });
  mkdirSync(path.join(runs, '.cache'));
  expect(findRunFolder('last', runs, 'pipeline')).toBe(path.join(runs, '20260102-000000-debate-0000'));
  expect(findRunFolder('last', runs, 'code')).toBe(path.join(runs, '20260103-000000-code-0000'));
  expect(findRunFolder('20260101-000000-code-0000', runs, 'pipeline')).toContain('20260101');
  expect(() => findRunFolder('20260103-000000-code-0000', runs, 'pipeline')).toThrow(
    /20260103-000000-code-0000 is a coding task: go on with it by colloquy code --resume /,
  );
  expect(() => findRunFolder('20260101-000000-code-0000', runs, 'code')).toThrow(
    /is a run of a pipeline: go on with it by colloquy pipeline run --resume /,
  );
  expect(() => findRunFolder('last', path.join(runs, 'none'), 'code')).toThrow('there is no coding task in');
});
