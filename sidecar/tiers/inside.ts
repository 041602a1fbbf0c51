import { existsSync, lstatSync, readlinkSync } from 'node:fs';

/** What code finds in a sandbox made of the system's own programs, whoever builds it. */

export interface SandboxFile {
  /** Absolute, as seen inside. */
  readonly at: string;
  readonly content: Buffer;
}

/** The user, and group, that the code believes it is. */
export const insideId = 1000;

export const insideEnvironment: Readonly<Record<string, string>> = {
  HOME: '/workspace',
  USER: 'colloquy',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
  PYTHONUTF8: '1',
  PYTHONDONTWRITEBYTECODE: '1',
  // No window to draw in, and no home to keep a list of fonts in.
  MPLBACKEND: 'Agg',
  MPLCONFIGDIR: '/tmp/matplotlib',
  XDG_CACHE_HOME: '/tmp/cache',
  // One thread per core of a large machine would take address space and processes that are limited.
  OPENBLAS_NUM_THREADS: '2',
  OMP_NUM_THREADS: '2',
};

/** Made up: the host's users are none of the code's business, and Python asks for the home of its own. */
export const inventedFiles: readonly SandboxFile[] = Object.entries({
  '/etc/passwd': `colloquy:x:${insideId}:${insideId}::/workspace:/bin/sh\n`,
  '/etc/group': `colloquy:x:${insideId}:\n`,
  '/etc/hosts': '127.0.0.1 localhost colloquy\n::1 localhost\n',
  // Without it, glibc would look for hosts in places that are not there.
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
}).map(([at, content]) => ({ at, content: Buffer.from(content) }));

/** Parts of the host's /etc without which programs of /usr do not start or do not find their fonts. */
export function neededOfEtc(): string[] {
  return ['/etc/ld.so.cache', '/etc/alternatives', '/etc/fonts', '/etc/matplotlibrc'].filter((place) =>
    existsSync(place),
  );
}

/**
 * All that can be written to, each in memory and with a size of its own: the workspace has what the
 * settings say, what is only for passing use has less.
 */
export function writablePlaces(diskMiB: number): readonly { at: string; bytes: number; mode: string }[] {
  const bytes = (sizeMiB: number): number => Math.max(1, Math.ceil(sizeMiB)) * 1024 * 1024;
  return [
    { at: '/dev/shm', bytes: bytes(diskMiB / 4), mode: '1777' },
    { at: '/tmp', bytes: bytes(diskMiB / 2), mode: '1777' },
    { at: '/workspace', bytes: bytes(diskMiB), mode: '0700' },
  ];
}

/** Folders beside /usr that programs live in: links into it on merged systems, of their own on others. */
export function programFolders(): readonly { at: string; linkTo?: string }[] {
  return ['/bin', '/lib', '/lib32', '/lib64', '/sbin']
    .filter((at) => existsSync(at))
    .map((at) => (lstatSync(at).isSymbolicLink() ? { at, linkTo: readlinkSync(at) } : { at }));
}
