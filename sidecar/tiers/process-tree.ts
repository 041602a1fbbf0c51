import { readdirSync, readFileSync } from 'node:fs';

/** Telling shared pages apart takes the kernel a walk through the page tables, which code can make long. */
const longestLookMs = 50;

/**
 * What a process and all its descendants hold in memory, in KiB: anonymous, file and shared pages. Pages
 * that several of them share are counted once as far as the kernel tells (Pss, see proc(5),
 * smaps_rollup), which is looked at only where the plain sum is more than `enoughKiB`. 0 where there is no
 * /proc, or the process is gone.
 *
 * A look, not a limit: a process may have grown and died in between. Files that nobody has mapped are
 * no part of it.
 */
export function treeMemoryKiB(pid: number, enoughKiB = 64 * 1024): number {
  const pids = [pid, ...descendantsOf(pid)];
  const sizes = pids.map((each) => ({
    pid: each,
    residentKiB: readKiB(`/proc/${each}/status`, /^VmRSS:\s+(\d+)/m),
  }));
  const plain = sum(sizes.map(({ residentKiB }) => residentKiB ?? 0));
  if (plain < enoughKiB || pids.length === 1) return plain;
  const endMs = performance.now() + longestLookMs;
  return sum(
    sizes.map(
      ({ pid: each, residentKiB }) =>
        (performance.now() < endMs ? readKiB(`/proc/${each}/smaps_rollup`, /^Pss:\s+(\d+)/m) : undefined) ??
        residentKiB ??
        0,
    ),
  );
}

/** The children of a process, theirs, and so on, as host process ids; without the process itself. */
export function descendantsOf(pid: number): number[] {
  const found = new Set<number>();
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of childrenOf(next)) {
      if (child === pid || found.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  return [...found];
}

/** Each thread lists the children it has started, proc(5) under /proc/pid/task/tid/children. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function readKiB(file: string, pattern: RegExp): number | undefined {
  try {
    const [, number] = pattern.exec(readFileSync(file, 'utf8')) ?? [];
    return number === undefined ? undefined : Number(number);
  } catch {
    return undefined;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
