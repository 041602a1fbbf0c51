import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';

/** Everything that the embedded tier starts from, as paths of this machine. */
export interface DenoFiles {
  readonly deno: string;
  readonly denoVersion: string;
  readonly pyodideFolder: string;
  readonly pyodideVersion: string;
  /** Of the Python inside Pyodide. */
  readonly pythonVersion: string;
  /** The compiled driver with its workers. */
  readonly driverFolder: string;
  readonly sessionFile: string;
  readonly pythonSideFile: string;
}

const pyodideParts = [
  'pyodide.mjs',
  'pyodide.asm.mjs',
  'pyodide.asm.wasm',
  'python_stdlib.zip',
  'pyodide-lock.json',
];

/** Finds them where npm has put them; no postinstall script is needed. Throws what to install. */
export function findDenoFiles(): DenoFiles {
  const platform = denoPlatform();
  const denoFolder = findPackage(`@deno/${platform}`, 'deno');
  const pyodideFolder = findPackage('pyodide', 'pyodide');
  const driverFolder = path.join(packageRoot, 'dist', 'sidecar', 'deno');
  if (!existsSync(path.join(driverFolder, 'driver.js')))
    throw new Error(`its driver is not built: run "npm run build" in ${packageRoot}`);
  const lock = readJson(path.join(pyodideFolder, 'pyodide-lock.json')) as { info?: { python?: string } };
  return {
    deno: path.join(denoFolder, 'deno'),
    denoVersion: versionIn(denoFolder),
    pyodideFolder,
    pyodideVersion: versionIn(pyodideFolder),
    pythonVersion: lock.info?.python ?? '3',
    driverFolder,
    sessionFile: path.join(packageRoot, 'sidecar', 'session.py'),
    pythonSideFile: path.join(packageRoot, 'sidecar', 'deno', 'python_side.py'),
  };
}

/** Changes whenever a snapshot made before would not fit. */
export function keyOf(files: DenoFiles): string {
  const hash = createHash('sha256');
  for (const part of [files.denoVersion, files.pyodideVersion, process.platform, process.arch])
    hash.update(`${part}\n`);
  for (const name of readdirSync(files.driverFolder).sort())
    if (name.endsWith('.js')) hash.update(readFileSync(path.join(files.driverFolder, name)));
  for (const file of [files.sessionFile, files.pythonSideFile]) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * A folder for what is made once per machine. Root's sessions run as somebody else, who has to be able to
 * read there; nothing in it is secret, and only its owner may write. Throws when it cannot be had.
 */
export function openCacheFolder(): string {
  const isRoot = process.getuid?.() === 0;
  const base = isRoot ? '/var/cache' : process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  const folder = path.join(base, 'colloquy');
  mkdirSync(folder, { recursive: true, mode: isRoot ? 0o755 : 0o700 });
  if (!isOwn(folder)) throw new Error(`${folder} can be written by others`);
  return folder;
}

/** Takes away what other versions have left in the cache, once it is a month old; 31 MB each, and more. */
export function forgetOld(folder: string, key: string): void {
  const before = Date.now() - 30 * 24 * 3_600_000;
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (name.includes(key) || !/^(?:pyodide|deno)-[0-9a-f]{16}/.test(name)) continue;
    if (lstatSync(file).mtimeMs < before) rmSync(file, { recursive: true, force: true });
  }
}

/** Whether nobody but us can have put it there. */
export function isOwn(file: string): boolean {
  try {
    const { uid, mode } = lstatSync(file);
    return uid === process.getuid?.() && (mode & 0o022) === 0 && (mode & 0o170000) !== 0o120000;
  } catch {
    return false;
  }
}

/** The same files where any user can read them: where they are, or else copied. Throws when that fails. */
export function makeReadable(files: DenoFiles, key: string): DenoFiles {
  if (process.getuid?.() !== 0 || allPaths(files).every(canAnybodyRead)) return files;
  const folder = path.join(openCacheFolder(), `deno-${key}`);
  const copy: DenoFiles = {
    ...files,
    deno: path.join(folder, 'deno'),
    pyodideFolder: path.join(folder, 'pyodide'),
    driverFolder: path.join(folder, 'driver'),
    sessionFile: path.join(folder, 'session.py'),
    pythonSideFile: path.join(folder, 'python_side.py'),
  };
  if (isOwn(folder)) return copy;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const sources = allPaths(files);
  allPaths(copy).forEach((to, index) => {
    const at = path.join(draft, path.relative(folder, to));
    mkdirSync(path.dirname(at), { recursive: true });
    chmodSync(path.dirname(at), 0o755);
    copyFileSync(sources[index] ?? '', at);
    chmodSync(at, to === copy.deno ? 0o755 : 0o644);
  });
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process was faster.
    rmSync(draft, { recursive: true, force: true });
    if (!isOwn(folder)) throw error;
  }
  return copy;
}

function allPaths(files: DenoFiles): string[] {
  const scripts = ['driver.js', ...neededModules].map((name) => path.join(files.driverFolder, name));
  const parts = pyodideParts.map((name) => path.join(files.pyodideFolder, name));
  return [files.deno, files.sessionFile, files.pythonSideFile, ...scripts, ...parts];
}

const neededModules = [
  'deno-api.js',
  'javascript-mask.js',
  'javascript-session.js',
  'javascript-source.js',
  'javascript-worker.js',
  'memory-files.js',
  'module-texts.js',
  'python-session.js',
  'python-worker.js',
  'scrub-globals.js',
  'worker-link.js',
  'worker-port.js',
];

function canAnybodyRead(file: string): boolean {
  const real = realpathSync(file);
  if ((statSync(real).mode & 0o004) === 0) return false;
  for (let folder = path.dirname(real); ; folder = path.dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

/** Deno names its packages after the platform; there is none for musl. */
function denoPlatform(): string {
  const { platform, arch } = process;
  const known = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
  if (!known.includes(`${platform}-${arch}`))
    throw new Error(`there is no Deno from npm for ${platform} on ${arch}`);
  if (platform !== 'linux') return `${platform}-${arch}`;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (report.header?.glibcVersionRuntime === undefined)
    throw new Error(
      'there is no Deno from npm for Linux without glibc, such as Alpine: install bubblewrap and python3 instead',
    );
  return `linux-${arch}-glibc`;
}

function findPackage(name: string, install: string): string {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    throw new Error(
      `${name} is not installed: run "npm install --include=optional", which brings ${install}`,
    );
  }
}

function versionIn(folder: string): string {
  const { version } = readJson(path.join(folder, 'package.json')) as { version?: string };
  return version ?? 'unknown';
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
