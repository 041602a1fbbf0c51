import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { CodingEvent } from '../../coder/events.ts';
import { createLinter } from '../../coder/lint.ts';
import { createPylint } from '../../coder/pylint.ts';
import { runCodingTask } from '../../library/coding-task.ts';
import type { Project } from '../../sidecar/project/project.ts';
import { makeWheel, startPackageIndex } from '../support/package-index.ts';
import { openFolder, testProject } from '../support/project.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { findTiers, python } from '../support/tiers.ts';

const { absent } = await findTiers(['bubblewrap']);
const left = absent[0]?.why ?? (hasPylint() ? undefined : 'no pylint: apt-get install pylint');
// Pylint takes a second on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const neat = '"""Says hello."""\n\nprint("hello")\n';
/** Nothing that ruff minds. */
const bare = 'def hello():\n    return "hello"\n\n\nprint(hello())\n';

describe.skipIf(left !== undefined)(`pylint itself${left ? ` (left out: ${left})` : ''}`, () => {
  it('scores programs, which cannot talk it out of a rule', async () => {
    const pylint = await scorer(await testProject());
    expect(await pylint(neat)).toBe(10);
    const scored = await pylint(flawed());
    expect(scored).toBeGreaterThan(5);
    expect(scored).toBeLessThan(9);
    for (const excuse of ['# pylint: disable=all', '#pylint:disable=E,C', '# pylint: skip-file'])
      expect({ excuse, score: await pylint(`${excuse}\n${flawed()}`) }).toEqual({ excuse, score: scored });
    expect(await pylint(flawed('  # pylint: disable=undefined-variable'))).toBe(scored);
  });

  it('knows the packages that were installed, and misses those that were not', async () => {
    const index = await startPackageIndex(await makeWheel('greeter', '1.0', 'def greet(): return "hello"\n'));
    const project = await testProject({ package_index: index.url }, await openFolder());
    const { signal } = new AbortController();
    expect(await project.install(['greeter'], { signal })).toMatchObject({ type: 'installed' });
    const pylint = await scorer(project);
    const greets = (name: string) => `"""Greets."""\n\nimport ${name}\n\nprint(${name}.greet())\n`;
    expect(await pylint(greets('greeter'))).toBe(10);
    expect(await pylint(greets('greetr'))).toBeLessThan(5);
  });

  it('says which program of a coding task is run first', async () => {
    const folder = await temporaryFolder();
    const lint = await createLinter();
    expect([(await lint(neat)).score, (await lint(bare)).score]).toEqual([10, 10]);
    const replies = ['1. Greet.', ...[bare, neat].map((source) => `\`\`\`python\n${source}\`\`\``)];
    const file = path.join(folder, 'replies.json');
    writeFileSync(file, JSON.stringify(replies));
    const run = runCodingTask({
      task: 'Say hello.',
      service: `scripted:${file}`,
      settings: { coding_samples: 2, install_dependencies: false },
      cwd: folder,
      env: {},
    });
    const events: CodingEvent[] = [];
    for await (const event of run) events.push(event);
    const scores = events.flatMap((event) => (event.type === 'sample' ? [event.score] : []));
    expect(scores).toEqual([expect.closeTo(3.33, 2), 10]);
    const tried = events.flatMap((event) => (event.type === 'ran' ? [event.sample] : []));
    expect(tried).toEqual([2]);
    expect(await run.result).toMatchObject({ outcome: 'solved' });
  });
});

function hasPylint(): boolean {
  try {
    execFileSync(python, ['-c', 'import pylint.lint'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function scorer(project: Project) {
  const folder = await openFolder();
  const { signal } = new AbortController();
  return createPylint({ open: async () => project, folder: path.join(folder, 'program'), signal });
}

/** A name that is not there, behind many lines that are all right. */
function flawed(behind = ''): string {
  const lines = Array.from({ length: 30 }, (_, index) => `N${index} = ${index}`);
  return `"""Counts."""\n\n${lines.join('\n')}\nprint(nowhere)${behind}\n`;
}
