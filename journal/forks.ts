import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { journalFileName } from './journal.ts';

/** A meeting with all that went another way from it. */
export interface ForkTree {
  readonly meeting: string;
  /** The last turn that it took over from the one above; undefined at the top. */
  readonly at?: number;
  /** False: only its forks know of it. */
  readonly isThere: boolean;
  readonly forks: readonly ForkTree[];
}

/**
 * The whole family of a meeting, from its first ancestor down; undefined where it has none. Of each journal in
 * the folder only the beginning is read. Rejects with the system's error where the folder cannot be read.
 */
export async function readForkTree(transcripts: string, meeting: string): Promise<ForkTree | undefined> {
  const entries = await readdir(transcripts, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const parents = await readParents(transcripts, names);
  const there = new Set(names);
  let root = meeting;
  // A journal may say anything, that it is its own grandchild too.
  for (const seen = new Set<string>(); !seen.has(root);) {
    seen.add(root);
    root = parents.get(root)?.meeting ?? root;
  }
  const children = new Map<string, string[]>();
  for (const [child, { meeting: parent }] of parents) {
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const drawn = new Set<string>();
  const treeOf = (name: string): ForkTree => {
    drawn.add(name);
    const at = name === root ? undefined : parents.get(name)?.turn;
    const forks = (children.get(name) ?? []).filter((child) => !drawn.has(child)).sort();
    return {
      meeting: name,
      ...(at === undefined ? {} : { at }),
      isThere: there.has(name),
      forks: forks.map(treeOf),
    };
  };
  const tree = treeOf(root);
  return tree.forks.length === 0 ? undefined : tree;
}

interface ParentName {
  readonly meeting: string;
  readonly turn: number;
}

const filesAtOnce = 32;

async function readParents(
  transcripts: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, ParentName>> {
  const parents = new Map<string, ParentName>();
  const next = names.values();
  const work = async (): Promise<void> => {
    for (const name of next) {
      const parent = await readParent(path.join(transcripts, name, journalFileName)).catch(() => undefined);
      if (parent && parent.meeting !== name) parents.set(name, parent);
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
  return parents;
}

/** Room for the stamp and the names of two meetings, which come before whatever a speaker can have written. */
const beginningBytes = 640;
const beginning =
  /^\{"v":1,"seq":1,"t":"[^"]*","type":"meeting","meeting":"[^"]*","parent":\{"meeting":"([^"\\]+)","turn":(\d{1,9})\b/;

async function readParent(file: string): Promise<ParentName | undefined> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    const [, meeting, turn] = beginning.exec(buffer.toString('utf8', 0, bytesRead)) ?? [];
    return meeting === undefined ? undefined : { meeting, turn: Number(turn) };
  } finally {
    await handle.close();
  }
}
