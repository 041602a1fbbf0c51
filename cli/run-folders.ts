import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { readJson } from '../pipelines/whole-file.ts';
import { UsageError } from './failure.ts';

/** What has a folder in `runs/`: pipelines and coding tasks share it. */
type RunKind = 'pipeline' | 'code';

const words: { readonly [kind in RunKind]: { readonly name: string; readonly command: string } } = {
  pipeline: { name: 'run of a pipeline', command: 'colloquy pipeline run' },
  code: { name: 'coding task', command: 'colloquy code' },
};

/** The folder of a run: as it is, by its name in `runs`, or the `last` one of its kind there. Throws UsageError. */
export function findRunFolder(wish: string, runs: string, kind: RunKind): string {
  if (wish === 'last') {
    const last = lastOf(runs, kind);
    if (last === undefined) throw new UsageError(`there is no ${words[kind].name} in ${runs} to go on with`);
    return last;
  }
  const folder = existsSync(wish) ? wish : path.join(runs, wish);
  const found = headOf(folder)?.kind ?? kind;
  if (found === kind) return folder;
  throw new UsageError(
    `${folder} is a ${words[found].name}: go on with it by ${words[found].command} --resume ${folder}`,
  );
}

/** Names begin with the second in which the run was begun; within it, the file tells. */
function lastOf(runs: string, kind: RunKind): string | undefined {
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : [];
  let last: { readonly folder: string; readonly startedAt: string } | undefined;
  let second = '';
  for (const name of names.sort().reverse()) {
    if (last !== undefined && !name.startsWith(second)) break;
    const folder = path.join(runs, name);
    const head = headOf(folder);
    if (head?.kind !== kind || (last !== undefined && head.startedAt <= last.startedAt)) continue;
    last = { folder, startedAt: head.startedAt };
    second = name.slice(0, stampLength);
  }
  return last?.folder;
}

const stampLength = 'YYYYMMDD-hhmmss'.length;

const headSchema = z.object({ kind: z.literal('code').optional(), startedAt: z.string() });

/** Undefined where nobody can tell. */
function headOf(folder: string): { readonly kind: RunKind; readonly startedAt: string } | undefined {
  const head = readJson(path.join(folder, 'run.json'), headSchema);
  return head && { kind: head.kind ?? 'pipeline', startedAt: head.startedAt };
}
