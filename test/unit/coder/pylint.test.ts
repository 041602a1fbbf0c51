import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createPylint } from '../../../coder/pylint.ts';
import type { ProgramOptions, Project } from '../../../sidecar/project/project.ts';
import { temporaryFolder } from '../../support/temporary.ts';

it("takes pylint's rating, and nothing that a program could have printed", async () => {
  const notes = ['7.125', '-3.0'];
  const { pylint, folder } = await start((mark) => `deadbeef 10\n${mark} ${notes.shift()}\n`);
  expect(await pylint('x = 1\n')).toBe(7.13);
  expect(await pylint('x = 2\n')).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

it('asks once whether there is a pylint', async () => {
  const { pylint, runs } = await start(() => '');
  expect(await Promise.all(['a\n', 'b\n', 'c\n'].map(pylint))).toEqual([undefined, undefined, undefined]);
  expect(runs).toHaveLength(1);
});

async function start(print: (mark: string) => string) {
  const folder = await temporaryFolder();
  const runs: string[] = [];
  const project = {
    run: async ({ folder: own, entry }: ProgramOptions) => {
      runs.push(own);
      const mark = /print\("(\w+)"/.exec(readFileSync(path.join(own, entry), 'utf8'))?.[1] ?? '';
      const output = print(mark);
      return { type: 'exited', code: 0, output, outputBytes: output.length, ms: 1, files: [] };
    },
  } as unknown as Project;
  const signal = new AbortController().signal;
  return {
    pylint: createPylint({ open: async () => project, folder: path.join(folder, 'p'), signal }),
    folder,
    runs,
  };
}
