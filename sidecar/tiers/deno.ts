import { spawn } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf } from '../../wire/errors.ts';
import type { DriverSettings } from '../deno/settings.ts';
import {
  findDenoFiles,
  forgetOld,
  isOwn,
  keyOf,
  makeReadable,
  openCacheFolder,
  type DenoFiles,
} from './deno-files.ts';
import {
  denoBubblewrapArguments,
  denoCommand,
  denoEnvironment,
  denoInside,
  limited,
  placesInside,
  placesOutside,
  sharedLibraries,
} from './deno-wall.ts';
import { findProgram, versionOf } from './find-program.ts';
import { freshUser } from './fresh-user.ts';
import { buildSeccompFilter } from './seccomp.ts';
import type { Launch, Limits, Tier } from './tier.ts';
import { trialLimits } from './trial.ts';

export interface DenoTierOptions {
  /** Whether Deno runs inside bubblewrap where that works. */
  readonly inBubblewrap?: boolean;
  readonly useSnapshot?: boolean;
}

/** Making the snapshot takes 3 s on a free machine. */
const snapshotMs = 60_000;

/** What was found out about this machine. */
interface Prepared {
  readonly files: DenoFiles;
  readonly bubblewrap: { readonly file: string; readonly libraries: readonly string[] } | undefined;
  readonly snapshotFile: string | undefined;
  /** Why there is none. */
  readonly snapshotProblem: string | undefined;
}

/**
 * Pyodide inside Deno: what `npm ci` brings is all it takes. Deno's permissions are the wall, with nothing
 * allowed but reading the parts of Pyodide, and not even that once they are read; limits of the process
 * bound its memory; where bubblewrap works, it stands around all that.
 *
 * See "Security and permissions" in Deno's manual, and pyodide.d.ts.
 */
export function createDenoTier({ inBubblewrap = true, useSnapshot = true }: DenoTierOptions = {}): Tier {
  let prepared: Prepared | undefined;
  let preparing: Promise<string | undefined> | undefined;

  async function prepare(): Promise<string | undefined> {
    try {
      const found = findDenoFiles();
      const key = keyOf(found);
      const files = makeReadable(found, key);
      const bubblewrap = inBubblewrap ? await findBubblewrap(files) : undefined;
      const plain = { files, bubblewrap, snapshotFile: undefined, snapshotProblem: undefined };
      prepared = useSnapshot ? { ...plain, ...(await findSnapshot(plain, key)) } : plain;
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  return {
    name: 'deno',
    languages: ['python', 'javascript'],
    keepsSpare: true,

    async describe() {
      const { denoVersion, pyodideVersion, pythonVersion } = prepared?.files ?? findDenoFiles();
      const parts = [`deno ${denoVersion} with pyodide ${pyodideVersion} (python ${pythonVersion})`];
      if (prepared?.bubblewrap) parts.push(`inside ${await versionOf(prepared.bubblewrap.file)}`);
      if (prepared?.snapshotFile !== undefined) parts.push('with a start snapshot');
      if (prepared?.snapshotProblem !== undefined)
        parts.push(`without a start snapshot: ${prepared.snapshotProblem}`);
      return parts.join(', ');
    },

    async prepare() {
      if (prepared) return undefined;
      const problem = await (preparing ??= prepare());
      preparing = undefined;
      return problem;
    },

    launch(limits) {
      if (!prepared) throw new Error('the deno tier was not prepared');
      return toLaunch(prepared, limits);
    },
  };
}

function toLaunch(
  { files, bubblewrap, snapshotFile }: Omit<Prepared, 'snapshotProblem'>,
  limits: Limits,
  changes: Pick<DriverSettings, 'makesSnapshot'> = {},
): Launch {
  const outside = placesOutside(files, snapshotFile, limits);
  const { inside, binds } = bubblewrap ? placesInside(outside) : { inside: outside, binds: [] };
  const settings = { ...inside.settings, ...changes };
  const deno = denoCommand({ ...inside, settings }, limits.memoryMiB);
  const descriptors = bubblewrap ? [buildSeccompFilter(process.arch === 'arm64' ? 'arm64' : 'x64')] : [];
  const command = bubblewrap
    ? [bubblewrap.file, ...denoBubblewrapArguments(binds, bubblewrap.libraries), '--', ...deno]
    : deno;
  const [file = '', ...args] = limited(command, limits, descriptors);
  return { file, args, env: denoEnvironment, cwd: '/', descriptors, ...freshUser() };
}

/** Undefined where it is missing or does not work: then Deno stands alone. */
async function findBubblewrap(files: DenoFiles): Promise<Prepared['bubblewrap']> {
  const file = findProgram('bwrap');
  if (file === undefined || process.platform !== 'linux') return undefined;
  try {
    const bubblewrap = { file, libraries: sharedLibraries(files.deno) };
    const launch = toLaunch({ files, bubblewrap, snapshotFile: undefined }, trialLimits);
    const command = launch.args.slice(0, launch.args.indexOf(denoInside) + 1);
    await readOutput({ ...launch, args: [...command, '--version'] });
    return bubblewrap;
  } catch {
    return undefined;
  }
}

/** Never rejects: without a snapshot an interpreter starts as well, only later. */
async function findSnapshot(
  plain: Prepared,
  key: string,
): Promise<Pick<Prepared, 'snapshotFile' | 'snapshotProblem'>> {
  try {
    const folder = openCacheFolder();
    const snapshotFile = path.join(folder, `pyodide-${key}.snapshot`);
    if (!isOwn(snapshotFile)) {
      await makeSnapshot(plain, snapshotFile);
      forgetOld(folder, key);
    }
    return { snapshotFile, snapshotProblem: undefined };
  } catch (error) {
    return { snapshotFile: undefined, snapshotProblem: messageOf(error) };
  }
}

/** In the same sandbox as everything else: it is printed, so nothing has to be writable there. */
async function makeSnapshot(plain: Prepared, file: string): Promise<void> {
  const snapshot = await readOutput(toLaunch(plain, trialLimits, { makesSnapshot: true }));
  if (snapshot.length === 0) throw new Error('Pyodide made an empty snapshot');
  const draft = `${file}.${process.pid}`;
  try {
    // Who else may look is for the folder to say.
    writeFileSync(draft, snapshot, { mode: 0o644, flag: 'wx' });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Rejects with what it had to say when it fails. */
function readOutput({ file, args, env, uid, gid, descriptors = [] }: Launch): Promise<Buffer> {
  const child = spawn(file, args, {
    env: { ...env },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)],
    timeout: snapshotMs,
    killSignal: 'SIGKILL',
    ...(uid === undefined ? {} : { uid, gid: gid ?? uid }),
  });
  descriptors.forEach((content, index) => {
    const pipe = child.stdio[3 + index] as Writable;
    pipe.on('error', () => {});
    pipe.end(content);
  });
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let words = '';
    child.stdout?.on('data', (piece: Buffer) => output.push(piece));
    child.stderr?.on('data', (piece: Buffer) => (words += piece.toString()));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(output));
      const [first] = words.trim().split('\n');
      reject(new Error(first || `its process ended with ${signal ?? `exit code ${code ?? '?'}`}`));
    });
  });
}
