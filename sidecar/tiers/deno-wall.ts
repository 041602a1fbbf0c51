import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { DriverSettings } from '../deno/settings.ts';
import type { DenoFiles } from './deno-files.ts';
import type { Limits } from './tier.ts';

/**
 * What Deno holds of RLIMIT_DATA with nothing to do. Each of the three isolates (the driver's, Python's,
 * JavaScript's) reserves 512 MiB for machine code, which is counted and hardly ever touched; the rest was
 * measured as 251 MiB with Python and 286 MiB with both, thread stacks and a Python of 30 MiB included.
 */
const ownDataMiB = 3 * 512 + 320;
const wasmPagesOfMiB = 16;
/** Deno opens about 30 of its own. */
const leastOpenFiles = 64;

/** What is read, as the process sees it. */
interface Places {
  readonly deno: string;
  readonly driver: string;
  readonly settings: DriverSettings;
  /** Folders and files that may be read until all is loaded. */
  readonly readable: readonly string[];
}

/** The places as they are on this machine. */
export function placesOutside(
  files: DenoFiles,
  snapshotFile: string | undefined,
  limits: Pick<Limits, 'diskMiB'>,
): Places {
  const { pyodideFolder, sessionFile, pythonSideFile, driverFolder, deno } = files;
  return {
    deno,
    driver: path.join(driverFolder, 'driver.js'),
    settings: {
      pyodideFolder,
      sessionFile,
      pythonSideFile,
      diskMiB: limits.diskMiB,
      ...(snapshotFile === undefined ? {} : { snapshotFile }),
    },
    readable: [
      pyodideFolder,
      driverFolder,
      sessionFile,
      pythonSideFile,
      ...(snapshotFile === undefined ? [] : [snapshotFile]),
    ],
  };
}

/** Where Deno lies in a bubblewrap sandbox. */
export const denoInside = '/app/deno';

/** The same places in a bubblewrap sandbox, each bound read-only to a name of ours. */
export function placesInside(outside: Places): {
  readonly inside: Places;
  readonly binds: readonly string[];
} {
  const binds: string[] = [];
  const bind = (from: string, to: string): string => {
    binds.push('--ro-bind', realpathSync(from), to);
    return to;
  };
  const { settings } = outside;
  const driverFolder = bind(path.dirname(outside.driver), '/app/driver');
  const inside: Places = {
    deno: bind(outside.deno, denoInside),
    driver: path.join(driverFolder, path.basename(outside.driver)),
    settings: {
      ...settings,
      pyodideFolder: bind(settings.pyodideFolder, '/app/pyodide'),
      sessionFile: bind(settings.sessionFile, '/app/session.py'),
      pythonSideFile: bind(settings.pythonSideFile, '/app/python_side.py'),
      ...(settings.snapshotFile === undefined
        ? {}
        : { snapshotFile: bind(settings.snapshotFile, '/app/snapshot') }),
    },
    readable: ['/app'],
  };
  return { inside, binds };
}

/** The command that runs the driver in Deno with everything denied but reading those places. */
export function denoCommand({ deno, driver, settings, readable }: Places, memoryMiB: number): string[] {
  const v8Flags = [
    // No eval, no `new Function`: code that is a string could import Node's modules, which know descriptors.
    '--disallow-code-generation-from-strings',
    `--wasm-max-mem-pages=${memoryMiB * wasmPagesOfMiB}`,
    `--max-old-space-size=${memoryMiB}`,
  ];
  return [
    deno,
    'run',
    '--quiet',
    // Deny-all Deno still downloads what an import names.
    ...['--no-npm', '--no-remote', '--cached-only', '--no-config', '--no-lock', '--no-prompt', '--no-check'],
    ...['--no-code-cache', '--node-modules-dir=none', '--unstable-worker-options'],
    `--allow-read=${readable.map((place) => place.replaceAll(',', ',,')).join(',')}`,
    `--v8-flags=${v8Flags.join(',')}`,
    driver,
    JSON.stringify(settings),
  ];
}

/** The whole environment. Deno keeps localStorage and caches in DENO_DIR, and nothing can be made there. */
export const denoEnvironment = {
  DENO_DIR: '/dev/null/deno',
  DENO_NO_UPDATE_CHECK: '1',
  NO_COLOR: '1',
} as const;

/**
 * Puts limits of the process around a command, with what every POSIX shell has. Pyodide's files lie outside
 * the memory of its WebAssembly, so the data of the whole process are bounded: on Linux that counts all
 * private memory that can be written; macOS does not enforce it.
 *
 * The shell also closes the descriptors that came along from whoever started us, as far as it can name
 * them; `descriptors` are those that were meant.
 */
export function limited(
  command: readonly string[],
  { memoryMiB, openFiles }: Limits,
  descriptors: readonly unknown[],
): string[] {
  const script = [
    `exec ${[3, 4, 5, 6, 7, 8, 9]
      .slice(descriptors.length)
      .map((number) => `${number}>&-`)
      .join(' ')}`,
    'ulimit -c 0',
    'ulimit -f 0',
    `ulimit -n ${Math.max(openFiles, leastOpenFiles)}`,
    `ulimit -d ${(memoryMiB + ownDataMiB) * 1024}`,
    'exec "$@"',
  ].join(' && ');
  return ['/bin/sh', '-c', script, 'colloquy', ...command];
}

/**
 * bwrap's arguments around Deno, up to the command: a file system of nothing but what is bound, no network,
 * no other processes, no capabilities, and system calls filtered by what is read from descriptor 3.
 * `libraries`: see `sharedLibraries`.
 */
export function denoBubblewrapArguments(binds: readonly string[], libraries: readonly string[]): string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    ...['--unshare-cgroup-try', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--seccomp', '3'],
    ...['--uid', '65534', '--gid', '65534', '--hostname', 'colloquy'],
    ...libraries.flatMap((library) => ['--ro-bind', realpathSync(library), library]),
    ...binds,
    ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/'],
  ];
}

/** The shared libraries of a program, as its loader finds them, and the loader; see ld.so(8). */
export function sharedLibraries(program: string): string[] {
  const listing = execFileSync(program, [], {
    env: { LD_TRACE_LOADED_OBJECTS: '1' },
    encoding: 'utf8',
    timeout: 10_000,
  });
  return [...listing.matchAll(/(?:=>\s*|^\s*)(\/\S+)\s+\(0x/gm)]
    .map(([, file]) => file ?? '')
    .filter((file) => existsSync(file));
}
