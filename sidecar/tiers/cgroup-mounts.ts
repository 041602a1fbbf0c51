import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Mount {
  readonly type: string;
  readonly options: readonly string[];
  readonly at: string;
  /** The group that is seen at its top. */
  readonly top: string;
}

/**
 * The folder of the group that this program is in, then those above it, as far as they are mounted.
 * `unified` is v2, the others are controllers of v1. Empty where there is none.
 */
export function ownGroupUpwards(hierarchy: 'unified' | 'memory' | 'pids'): string[] {
  const mount = readMounts().find(({ type, options }) =>
    hierarchy === 'unified' ? type === 'cgroup2' : type === 'cgroup' && options.includes(hierarchy),
  );
  if (!mount) return [];
  const own = readOwnGroups().get(hierarchy === 'unified' ? '' : hierarchy) ?? '/';
  const below = path.relative(mount.top, own);
  // In a namespace of its own, a program may be in a group that lies outside of what it sees.
  const names = below.startsWith('..') ? [] : below.split('/').filter(Boolean);
  return names
    .map((_, index) => path.join(mount.at, ...names.slice(0, names.length - index)))
    .concat(mount.at);
}

/** The fields of /proc/pid/mountinfo, proc(5), that tell where groups are found. */
function readMounts(): Mount[] {
  return readLines('/proc/self/mountinfo').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , top = '/', at] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    return at === undefined ? [] : [{ type, options: options.split(','), at, top }];
  });
}

/** Our groups by controller, that of v2 by the empty name: lines like `4:memory:/user`, cgroups(7). */
function readOwnGroups(): Map<string, string> {
  return new Map(
    readLines('/proc/self/cgroup').flatMap((line) => {
      const [, controllers = '', ...group] = line.split(':');
      return controllers.split(',').map((name): [string, string] => [name, group.join(':')]);
    }),
  );
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
