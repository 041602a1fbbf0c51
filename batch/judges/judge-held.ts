import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { JudgeBench } from './judge-bench.ts';
import { readTally } from '../tally.ts';

export interface HeldOptions {
  /** Names of the meetings of the batch, held or not. */
  readonly ids: readonly string[];
  /** Where their folders are. */
  readonly meetings: string;
  /** Where the tries are that came to nothing, and were paid for. */
  readonly failed: string;
  readonly bench: JudgeBench;
  readonly atOnce: number;
  /** 0: no limit. Of the whole batch; the cost in US dollars. */
  readonly limits: { readonly tokens: number; readonly cost: number; readonly seconds: number };
  /** How long the batch has run, over all its runs. */
  readonly elapsedMs: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (judged: number, due: number) => void;
}

/** Has the meetings judged that are held, and on which a verdict is missing. Returns how many were due, and how many are left. */
export async function judgeHeld(
  options: HeldOptions,
): Promise<{ readonly due: number; readonly left: number }> {
  const { ids, meetings, failed, bench, atOnce, limits, elapsedMs, signal, onProgress } = options;
  const spent = new Map<string, { readonly tokens: number; readonly cost: number }>();
  const queue: string[] = [];
  const look = async (id: string): Promise<boolean> => {
    const folder = path.join(meetings, id);
    const tally = existsSync(folder) ? await readTally(folder) : undefined;
    if (tally) spent.set(id, tally);
    const reason = tally?.stop?.reason;
    return reason !== undefined && reason !== 'error' && reason !== 'agent-lost' && bench.isDue(folder);
  };
  for (const id of ids) if (await look(id)) queue.push(id);
  for (const name of existsSync(failed) ? readdirSync(failed) : []) {
    const tally = await readTally(path.join(failed, name));
    if (tally) spent.set(`failed/${name}`, tally);
  }
  const due = queue.length;
  const isOver = (): boolean => {
    const sum = (key: 'tokens' | 'cost'): number =>
      [...spent.values()].reduce((all, each) => all + each[key], 0);
    return (
      (limits.tokens > 0 && sum('tokens') >= limits.tokens) ||
      (limits.cost > 0 && sum('cost') >= limits.cost) ||
      (limits.seconds > 0 && elapsedMs() >= limits.seconds * 1_000)
    );
  };
  let judged = 0;
  const work = async (): Promise<void> => {
    while (!signal.aborted && !isOver()) {
      const id = queue.shift();
      if (id === undefined) return;
      await bench.judge(path.join(meetings, id), signal);
      if (!(await look(id))) judged++;
      onProgress(judged, due);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { due, left: due - judged };
}
