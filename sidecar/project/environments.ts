import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { isOwn, openCacheFolder } from '../tiers/deno-files.ts';
import type { InstalledPackage } from './project.ts';
import { normalize, packageOf } from './requirements.ts';
import { unpack } from './unpack.ts';

/** Packages that were installed together, on the host: no sandbox can write to them. */
export interface Environment {
  readonly folder: string;
  readonly packages: readonly InstalledPackage[];
}

/** What an environment is made for: with another answer to any of it, it is another environment. */
export interface EnvironmentOrder {
  /** "3.11.2 cpython-311-x86_64-linux-gnu". */
  readonly python: string;
  readonly requirements: readonly string[];
  readonly index: string;
}

const unusedMs = 30 * 24 * 3_600_000;
const forgottenDraftMs = 24 * 3_600_000;

/** The folder of all environments. Throws with what to do where whoever a sandbox runs as could not read there. */
export function openEnvironments(folder: string | undefined): Environments {
  const root = path.join(folder ?? openCacheFolder(), 'packages');
  mkdirSync(root, { recursive: true });
  chmodSync(root, 0o755);
  if (!isOwn(root)) throw new Error(`${root} can be written by others: give it to one user only`);
  const closed = process.getuid?.() === 0 ? closedFolder(root) : undefined;
  if (closed !== undefined)
    throw new Error(
      `${closed} is closed to others, and root's sandboxes run as somebody else: keep the packages elsewhere`,
    );
  forgetOld(root);
  return new Environments(root);
}

export class Environments {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  find(order: EnvironmentOrder): Environment | undefined {
    const place = path.join(this.#root, keyOf(order));
    if (!isOwn(place)) return undefined;
    const now = new Date();
    // Touched, so that what is in use is not forgotten.
    utimesSync(place, now, now);
    const folder = path.join(place, 'site');
    const packages = listPackages(folder);
    return packages && { folder, packages };
  }

  /** Whole or not at all. Rejects where the pack is broken, or the disk full. */
  async make(order: EnvironmentOrder, pack: AsyncIterable<Buffer>): Promise<Environment> {
    const key = keyOf(order);
    const draft = path.join(this.#root, `${key}.${process.pid}-${randomBytes(4).toString('hex')}`);
    const site = path.join(draft, 'site');
    try {
      for (const folder of [draft, site]) {
        mkdirSync(folder);
        chmodSync(folder, 0o755);
      }
      await unpack(pack, site);
      // For whoever wonders what that folder is.
      writeFileSync(path.join(draft, 'order.json'), `${JSON.stringify(order, null, 2)}\n`);
      // There, but not as it was left: not to be trusted.
      if (this.find(order) === undefined)
        rmSync(path.join(this.#root, key), { recursive: true, force: true });
      try {
        renameSync(draft, path.join(this.#root, key));
      } catch (error) {
        // Another process was faster.
        if (this.find(order) === undefined) throw error;
      }
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    const made = this.find(order);
    if (made === undefined) throw new Error(`${this.#root} lost what was put there`);
    return made;
  }
}

function keyOf({ python, requirements, index }: EnvironmentOrder): string {
  const lines = [python, index, ...requirements.map(spell).sort()];
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32);
}

function spell(requirement: string): string {
  const name = packageOf(requirement);
  const rest = requirement.replace(/^[A-Za-z0-9._-]+/, '').replace(/\s+/g, '');
  return `${name}${rest}`;
}

/** By what pip writes beside each package; a package could lie about others of its own environment. */
function listPackages(site: string): InstalledPackage[] | undefined {
  let names;
  try {
    names = readdirSync(site);
  } catch {
    // Somebody has removed a part of it.
    return undefined;
  }
  return names
    .map((name) => /^([A-Za-z0-9._]+)-([A-Za-z0-9.+!_]+)\.(?:dist|egg)-info$/.exec(name))
    .filter((match) => match !== null)
    .map(([, name = '', version = '']) => ({ name: normalize(name), version }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function forgetOld(root: string): void {
  for (const name of readdirSync(root)) {
    if (!/^[0-9a-f]{32}(?:\.|$)/.test(name)) continue;
    const place = path.join(root, name);
    const state = lstatSync(place, { throwIfNoEntry: false });
    const oldMs = name.includes('.') ? forgottenDraftMs : unusedMs;
    if (state && state.mtimeMs < Date.now() - oldMs) rmSync(place, { recursive: true, force: true });
  }
}

/** The nearest folder on the way that others cannot go through. */
function closedFolder(folder: string): string | undefined {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    if ((statSync(place).mode & 0o001) === 0) return place;
    if (place === path.dirname(place)) return undefined;
  }
}

/** Read once, since it may be a person's own. */
export function readCertificates(): Buffer | undefined {
  const own = process.env['SSL_CERT_FILE'];
  const usual = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
  for (const file of [...(own ? [own] : []), ...usual]) {
    try {
      return readFileSync(file);
    } catch {
      // The next one.
    }
  }
  return undefined;
}
