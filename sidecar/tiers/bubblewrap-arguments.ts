import { existsSync } from 'node:fs';
import {
  insideEnvironment,
  insideId,
  inventedFiles,
  neededOfEtc,
  programFolders,
  writablePlaces,
} from './inside.ts';
import type { Additions, Limits } from './tier.ts';

/** What is known of the machine's bubblewrap. */
export interface BubblewrapHost {
  readonly file: string;
  /** Whether it knows `--size` and `--clearenv`. */
  readonly isRecent: boolean;
  readonly canDisableUserNamespaces: boolean;
}

/** Files of /proc about the whole machine that any user may read and no program of ours needs. */
const hiddenOfProc = ['cmdline', 'kallsyms', 'keys', 'key-users', 'modules', 'sched_debug', 'timer_list'];

/** Where the process finds its first descriptor beside the standard ones. */
const firstDescriptor = 3;

/**
 * The wall: bwrap's arguments up to the command, and what it reads from descriptors 3, 4, …
 *
 * The order counts, since bwrap mounts one after the other: what is put into a folder comes before the
 * folder is made read-only.
 */
export function bubblewrapArguments(
  { canDisableUserNamespaces }: BubblewrapHost,
  { diskMiB }: Limits,
  { places: added = [], files = [], environment = {} }: Additions,
  seccompFilter: Buffer,
): { args: string[]; descriptors: Buffer[] } {
  const allFiles = [...inventedFiles, ...files];
  const [sharedMemory, ...places] = writablePlaces(diskMiB).map(sizedFolder);
  const args = [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    '--unshare-cgroup-try',
    ...(canDisableUserNamespaces ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--seccomp', String(firstDescriptor)],
    ...['--uid', String(insideId), '--gid', String(insideId), '--hostname', 'colloquy'],
    '--clearenv',
    ...Object.entries({ ...insideEnvironment, ...environment }).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ]),

    ...['--ro-bind', '/usr', '/usr'],
    ...programFolders().flatMap(({ at, linkTo }) =>
      linkTo === undefined ? ['--ro-bind', at, at] : ['--symlink', linkTo, at],
    ),
    ...neededOfEtc().flatMap((place) => ['--ro-bind', place, place]),
    ...added.flatMap(({ from, at }) => ['--ro-bind', from, at]),
    ...allFiles.flatMap(({ at }, index) => readOnlyFile(firstDescriptor + 1 + index, at)),

    ...['--proc', '/proc', ...hiddenOfProc.flatMap(hide), '--remount-ro', '/proc'],
    ...['--dev', '/dev', ...(sharedMemory ?? []), '--remount-ro', '/dev'],
    ...places.flat(),
    ...['--remount-ro', '/', '--chdir', '/workspace'],
  ];
  return { args, descriptors: [seccompFilter, ...allFiles.map(({ content }) => content)] };
}

function readOnlyFile(descriptor: number, at: string): string[] {
  return ['--perms', '0444', '--ro-bind-data', String(descriptor), at];
}

function sizedFolder({ at, bytes, mode }: { at: string; bytes: number; mode: string }): string[] {
  return ['--perms', mode, '--size', String(bytes), '--tmpfs', at];
}

/** Covered by a device: it cannot be opened, since bwrap mounts without devices. */
function hide(name: string): string[] {
  return existsSync(`/proc/${name}`) ? ['--ro-bind', '/dev/null', `/proc/${name}`] : [];
}
