import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { driverFolder } from './driver-files.ts';
import {
  insideEnvironment,
  insideId,
  inventedFiles,
  neededOfEtc,
  programFolders,
  writablePlaces,
  type SandboxFile,
} from './inside.ts';
import type { Launch, Limits } from './tier.ts';

/**
 * A folder that `runsc run` can be given: what is to run, and a root that holds nothing but places to
 * mount on and the few files of /etc that programs want. Whoever has it run removes it.
 *
 * The format is the Open Container Initiative's runtime specification 1.0, config.json.
 */
export function makeBundle(
  command: readonly string[],
  limits: Limits,
  files: readonly SandboxFile[],
  { uid, gid }: Pick<Launch, 'uid' | 'gid'>,
): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-runsc-'));
  const root = path.join(folder, 'root');
  const links = programFolders().filter(({ linkTo }) => linkTo !== undefined);
  const mounts = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
    ...writablePlaces(limits.diskMiB).map(sizedFolder),
    ...['/usr', ...programFolders().flatMap(({ at, linkTo }) => (linkTo === undefined ? [at] : []))].map(
      fromHost,
    ),
    ...neededOfEtc().map(fromHost),
  ];
  for (const { destination } of mounts) makePlace(root, destination);
  for (const { at, linkTo } of links) symlinkSync(linkTo ?? '', path.join(root, at));
  mkdirSync(path.join(root, driverFolder), { recursive: true });
  for (const { at, content } of [...inventedFiles, ...files]) writeFileSync(path.join(root, at), content);
  mkdirSync(path.join(folder, 'state'));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(configuration(command, mounts)));
  if (uid !== undefined) giveTo(folder, uid, gid ?? uid);
  return folder;
}

function configuration(command: readonly string[], mounts: readonly object[]): object {
  return {
    ociVersion: '1.0.2',
    hostname: 'colloquy',
    root: { path: 'root', readonly: true },
    process: {
      user: { uid: insideId, gid: insideId },
      args: command,
      env: Object.entries(insideEnvironment).map(([name, value]) => `${name}=${value}`),
      cwd: '/workspace',
      capabilities: {},
      noNewPrivileges: true,
    },
    mounts,
    linux: { namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

function sizedFolder({ at, bytes, mode }: ReturnType<typeof writablePlaces>[number]): Mount {
  // Sizes that are no whole number of MiB do not occur, and gVisor of 2022 reads only such.
  const options = [`size=${bytes / 1024 / 1024}m`, `mode=${mode}`, `uid=${insideId}`, `gid=${insideId}`];
  return { destination: at, type: 'tmpfs', source: 'tmpfs', options };
}

function fromHost(place: string): Mount {
  return { destination: place, type: 'bind', source: place, options: ['rbind', 'ro'] };
}

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

/** Something to mount on: a file for a file, a folder for all else. */
function makePlace(root: string, place: string): void {
  const isFile = place.startsWith('/etc/') && statSync(place).isFile();
  mkdirSync(path.join(root, isFile ? path.dirname(place) : place), { recursive: true });
  if (isFile) writeFileSync(path.join(root, place), '');
}

function giveTo(folder: string, uid: number, gid: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) giveTo(place, uid, gid);
    else if (entry.isFile()) chownSync(place, uid, gid);
  }
  chownSync(folder, uid, gid);
}
