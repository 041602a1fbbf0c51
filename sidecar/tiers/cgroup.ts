import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ownGroupUpwards } from './cgroup-mounts.ts';
import { descendantsOf } from './process-tree.ts';
import { isAlive } from '../../wire/is-alive.ts';

/** A group of processes whose memory and number the kernel bounds together. */
export interface Cgroup {
  /** Takes in a process with all its descendants. */
  add(pid: number): void;
  /** Ends what is left in it and takes it away, soon. Never throws. */
  remove(): void;
}

export interface CgroupLimits {
  readonly memoryMiB: number;
  /** Threads count as well. */
  readonly processes: number;
}

/** A folder that groups can be made in, for one or all of the limits. */
interface Place {
  readonly version: 'v1' | 'v2';
  readonly folder: string;
  readonly settings: (limits: CgroupLimits) => readonly Setting[];
}

interface Setting {
  readonly file: string;
  readonly value: string;
  /** Without it, nothing is bounded; the others are there on some kernels only. */
  readonly isNeeded: boolean;
}

/** A group can be removed a few milliseconds after its last process has ended; a busy machine takes longer. */
const removalDelayMs = 20;
const mostRemovals = 100;

/** Names carry our process id: what a killed program left behind is known by it. */
const namePattern = /^colloquy-(\d+)-[0-9a-f]+$/;

let places: readonly Place[] | undefined;

/** Makes a group; undefined where this user may make none. Never throws. */
export function createCgroup(limits: CgroupLimits): Cgroup | undefined {
  places ??= findPlaces();
  const name = freshName();
  const folders = places.flatMap((place) => makeFolder(place, name, limits) ?? []);
  if (folders.length === 0) return undefined;
  return {
    add: (pid) => {
      // Once more after the first round, for children started in between; later ones are born inside.
      for (let round = 0; round < 2; round += 1) {
        for (const each of [pid, ...descendantsOf(pid)]) {
          for (const folder of folders) tryWrite(path.join(folder, 'cgroup.procs'), String(each));
        }
      }
    },
    remove: () => folders.forEach((folder) => removeFolder(folder)),
  };
}

/** Which kind of groups can be made here; undefined if none. */
export function cgroupVersion(): 'v1' | 'v2' | undefined {
  places ??= findPlaces();
  return places[0]?.version;
}

/**
 * Below the group that this program is in, or the nearest one above that lets us: in v2, a group with
 * processes of its own cannot have bounded ones below it ("no internal processes", cgroups(7)). Where
 * v1 has the controllers, v2 has not.
 */
function findPlaces(): Place[] {
  if (process.platform !== 'linux') return [];
  const unified = findPlace('v2', ownGroupUpwards('unified'), ({ memoryMiB, processes }) => [
    { file: 'memory.max', value: toBytes(memoryMiB), isNeeded: true },
    { file: 'memory.swap.max', value: '0', isNeeded: false },
    { file: 'pids.max', value: String(processes), isNeeded: false },
  ]);
  const memory = findPlace('v1', unified ? [] : ownGroupUpwards('memory'), ({ memoryMiB }) => [
    { file: 'memory.limit_in_bytes', value: toBytes(memoryMiB), isNeeded: true },
    // Memory and swap together; it cannot be below the one before, so it is written after it.
    { file: 'memory.memsw.limit_in_bytes', value: toBytes(memoryMiB), isNeeded: false },
  ]);
  const pids = findPlace('v1', unified ? [] : ownGroupUpwards('pids'), ({ processes }) => [
    { file: 'pids.max', value: String(processes), isNeeded: true },
  ]);
  return [unified, memory, pids].filter((place) => place !== undefined);
}

/** The first of some folders in which a group can be made, bounded and filled. */
function findPlace(
  version: Place['version'],
  folders: readonly string[],
  settings: Place['settings'],
): Place | undefined {
  for (const folder of folders) {
    if (!canWrite(path.join(folder, 'cgroup.procs'))) continue;
    // Refused where it is not needed, too: what counts is whether a group can be made.
    if (version === 'v2') tryWrite(path.join(folder, 'cgroup.subtree_control'), '+memory +pids');
    const place = { version, folder, settings };
    const trial = makeFolder(place, freshName(), { memoryMiB: 512, processes: 64 });
    if (trial === undefined) continue;
    removeFolder(trial);
    removeLeftovers(folder);
    return place;
  }
  return undefined;
}

function freshName(): string {
  return `colloquy-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Makes a bounded group; undefined, and nothing left behind, where it cannot be made or bounded. */
function makeFolder(place: Place, name: string, limits: CgroupLimits): string | undefined {
  const folder = path.join(place.folder, name);
  try {
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  const isBounded = place
    .settings(limits)
    .map(({ file, value, isNeeded }) => tryWrite(path.join(folder, file), value) || !isNeeded)
    .every(Boolean);
  if (isBounded) return folder;
  removeFolder(folder);
  return undefined;
}

/** Again and again, since what was killed takes its time to go. */
function removeFolder(folder: string, removalsLeft = mostRemovals): void {
  for (const pid of processesIn(folder)) tryKill(pid);
  if (tryRemove(folder) || removalsLeft === 0) return;
  setTimeout(() => removeFolder(folder, removalsLeft - 1), removalDelayMs);
}

/**
 * Takes away empty groups of programs that are no more. One that is not empty is left: its program may
 * live where its process id cannot be seen.
 */
function removeLeftovers(folder: string): void {
  for (const name of tryList(folder)) {
    const [, pid] = namePattern.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) tryRemove(path.join(folder, name));
  }
}

/** A process that cannot be seen from here is listed as 0, which kill(2) takes for all of our group. */
function processesIn(folder: string): number[] {
  try {
    const lines = readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').split('\n');
    return lines.map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  } catch {
    return [];
  }
}

function toBytes(mebibytes: number): string {
  return String(Math.ceil(mebibytes) * 1024 * 1024);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, or not ours: then the folder stays.
  }
}

/** Whether it is gone. */
function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function tryList(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function canWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function tryWrite(file: string, content: string): boolean {
  try {
    writeFileSync(file, content);
    return true;
  } catch {
    return false;
  }
}
