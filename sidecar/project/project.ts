import { rmSync } from 'node:fs';
import type { ExecutionConfig } from '../../config/schema.ts';
import type { Block, BlockResult } from '../../journal/block.ts';
import { measured } from '../../telemetry/telemetry.ts';
import { messageOf } from '../../wire/errors.ts';
import { chooseTier, toLimits } from '../choose-tier.ts';
import type { Interpreter } from '../interpreter.ts';
import { InterpreterPool } from '../interpreter-pool.ts';
import { KeptFiles } from '../kept-files.ts';
import { createPolicy } from '../policy.ts';
import { Session } from '../session.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';
import { insideEnvironment } from '../tiers/inside.ts';
import type { Limits, Tier, TierName } from '../tiers/tier.ts';
import { openEnvironments, type Environment, type Environments } from './environments.ts';
import { installInSandbox, packagesPlace } from './install.ts';
import { runProgram } from './program.ts';
import { putFolder } from './project-files.ts';
import { readPythonFacts, type PythonFacts } from './python-facts.ts';
import { packageOf, whyRefused } from './requirements.ts';

/**
 * A program of several files, run in the sandbox: its packages are installed in one that reaches the
 * package index alone, and are read-only in those the program runs in, which have no network at all.
 */
export interface Project {
  readonly tier: TierName;
  /**
   * Installs what a program needs. The list is all of it: what an earlier call installed and this one does not
   * name is gone, and where it fails what was there before stays. Rejects with the signal's reason when it is aborted.
   */
  install(requirements: readonly string[], options: InstallOptions): Promise<InstallOutcome>;
  /**
   * Runs `entry` in a copy of `folder`, with nothing to read from stdin. Never rejects but with the signal's
   * reason. Each run is a sandbox of its own; many may run at a time.
   */
  run(options: ProgramOptions): Promise<ProgramOutcome>;
  /**
   * Opens an interpreter for blocks (RUN-CODE, TEST-ASSERT), under the policy of the settings. What is in `folder` can be
   * imported and opened. Rejects where the folder is too large or cannot be read.
   */
  openSession(options: { readonly folder?: string }): Promise<ProjectSession>;
  /** The names of the standard library of the interpreter in the sandbox: no packages. */
  standardNames(): Promise<ReadonlySet<string>>;
  /** Ends all that runs. */
  close(): Promise<void>;
}

export interface InstallOptions {
  readonly signal: AbortSignal;
  /** What pip prints, as it comes; hostile in a terminal. */
  readonly onOutput?: (text: string) => void;
}

export interface ProgramOptions {
  /** On the host. Copied in: regular files only, links are left out. */
  readonly folder: string;
  /** A Python file of the folder, such as `main.py`. */
  readonly entry: string;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** Wall time. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** What the program prints, stdout and stderr in order, as it comes; hostile in a terminal. */
  readonly onOutput?: (text: string) => void;
  /** A folder of the host, perhaps the same, that gets the files which the program made or changed. */
  readonly keepFiles?: string;
}

export interface ProjectSession {
  /** Runs a block after those before it. Never rejects; what went wrong is the outcome. */
  run(block: Block): Promise<BlockResult>;
  close(): Promise<void>;
}

export type InstallOutcome =
  | {
      readonly type: 'installed';
      readonly packages: readonly InstalledPackage[];
      /** Names of the standard library among the requirements: there was nothing to install. */
      readonly standard: readonly string[];
      readonly output: string;
      readonly ms: number;
    }
  | {
      readonly type: 'failed';
      /** One sentence. */
      readonly why: string;
      /** Packages that the index does not have. */
      readonly unknown: readonly string[];
      readonly output: string;
      readonly ms: number;
    }
  /** This tier cannot install, there is no pip, the index cannot be reached: trying again helps nobody. */
  | { readonly type: 'unavailable'; readonly why: string };

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

interface Ran {
  /** Head and tail, as for blocks (`limits.output_kb`). */
  readonly output: string;
  /** All that was printed. */
  readonly outputBytes: number;
  readonly ms: number;
  /** What the program made or changed, by its path in the folder; where `keepFiles` is set, these were kept. */
  readonly files: readonly string[];
}

export type ProgramOutcome =
  | ({ readonly type: 'exited'; readonly code: number } & Ran)
  /** `detail` is one sentence: it took longer than its seconds, or was killed by a signal, for memory perhaps. */
  | ({ readonly type: 'timeout' | 'killed'; readonly detail: string } & Ran)
  | { readonly type: 'unavailable'; readonly why: string };

export interface ProjectSettings {
  readonly config: ExecutionConfig;
  /** Where installed packages are kept, for the next time; without it, with the user's other caches. */
  readonly cacheFolder?: string;
}

/** Rejects with ColloquyError `no-tier` where no code can be run safely. */
export async function openProject({ config, cacheFolder }: ProjectSettings): Promise<Project> {
  const limits = toLimits(config);
  const tier = await chooseTier(config, limits);
  return new SandboxedProject(config, cacheFolder, tier, limits);
}

class SandboxedProject implements Project {
  readonly #config: ExecutionConfig;
  readonly #cacheFolder: string | undefined;
  readonly #tier: Tier;
  readonly #limits: Limits;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #environment: Environment | undefined;
  #python: Promise<PythonFacts> | undefined;

  constructor(config: ExecutionConfig, cacheFolder: string | undefined, tier: Tier, limits: Limits) {
    this.#config = config;
    this.#cacheFolder = cacheFolder;
    this.#tier = tier;
    this.#limits = limits;
  }

  get tier(): TierName {
    return this.#tier.name;
  }

  async install(wanted: readonly string[], options: InstallOptions): Promise<InstallOutcome> {
    return measured(
      { type: 'tool', name: 'install_packages' },
      () => this.#install(wanted, options),
      ({ type }) => ({ error: type === 'installed' ? undefined : type }),
    );
  }

  async #install(wanted: readonly string[], { signal, onOutput }: InstallOptions): Promise<InstallOutcome> {
    const startedAtMs = performance.now();
    const ms = (): number => Math.round(performance.now() - startedAtMs);
    signal.throwIfAborted();
    const requirements = [...new Set(wanted.map((each) => each.trim()))].filter(Boolean);
    const [bad] = requirements.filter((each) => whyRefused(each) !== undefined);
    if (bad !== undefined) {
      const why = `${JSON.stringify(bad.slice(0, 200))} is not installed: ${whyRefused(bad) ?? ''}`;
      return { type: 'failed', why, unknown: [], output: '', ms: ms() };
    }
    const python = await this.#findPython();
    const isStandard = (each: string): boolean => python.names.has(moduleOf(each));
    const standard = requirements.filter(isStandard);
    const needed = requirements.filter((each) => !isStandard(each));
    const done = (packages: readonly InstalledPackage[], output: string): InstallOutcome => ({
      type: 'installed',
      packages,
      standard,
      output,
      ms: ms(),
    });
    if (needed.length === 0) {
      this.#environment = undefined;
      return done([], '');
    }
    if (this.#tier.name !== 'bubblewrap') return { type: 'unavailable', why: whyNotHere(this.#tier.name) };
    let environments: Environments;
    try {
      environments = openEnvironments(this.#cacheFolder);
    } catch (error) {
      return { type: 'unavailable', why: `packages cannot be kept: ${messageOf(error)}` };
    }
    const order = { python: python.version, requirements: needed, index: this.#config.package_index };
    const found = environments.find(order);
    const installed = found
      ? ({ type: 'installed', environment: found, output: '' } as const)
      : await installInSandbox({
          ...{ tier: this.#tier, limits: this.#limits, config: this.#config, environments, order, signal },
          track: this.#track,
          ...(onOutput ? { onOutput } : {}),
        });
    if (installed.type === 'unavailable') return installed;
    if (installed.type === 'failed') return { ...installed, ms: ms() };
    this.#environment = installed.environment;
    return done(installed.environment.packages, installed.output);
  }

  run(options: ProgramOptions): Promise<ProgramOutcome> {
    const place = { tier: this.#tierWithPackages(), limits: this.#limits, track: this.#track };
    return measured(
      { type: 'tool', name: 'run_program' },
      () => runProgram(place, options),
      (ran) => ({ error: ran.type !== 'exited' ? ran.type : ran.code === 0 ? undefined : 'failed' }),
    );
  }

  async openSession({ folder }: { readonly folder?: string } = {}): Promise<ProjectSession> {
    const temporary = makeTemporaryFolder('run');
    const kept = new KeptFiles(temporary);
    const forget = (): void => rmSync(temporary, { recursive: true, force: true });
    try {
      if (folder !== undefined)
        await putFolder(folder, (file, content) => kept.write(file, [content]), this.#limits.diskMiB);
    } catch (error) {
      forget();
      throw error;
    }
    const pool = new InterpreterPool({ ...this.#tierWithPackages(), keepsSpare: false }, this.#limits);
    const session = new Session({ pool, policy: createPolicy(this.#config), kept });
    const opened = {
      run: (block: Block) =>
        measured(
          { type: 'tool', name: block.kind === 'test' ? 'run_test' : 'run_code' },
          () => session.run(block, 1),
          ({ outcome }) => ({ error: outcome === 'ok' ? undefined : outcome }),
        ),
      close: async () => {
        this.#open.delete(opened);
        await session.close();
        await pool.close();
        forget();
      },
    };
    this.#open.add(opened);
    return opened;
  }

  async standardNames(): Promise<ReadonlySet<string>> {
    return (await this.#findPython()).names;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((each) => each.close()));
    this.#open.clear();
  }

  /** As it is now: what was started before keeps the packages it has. */
  #tierWithPackages(): Tier {
    const folder = this.#environment?.folder;
    if (folder === undefined) return this.#tier;
    const additions = {
      places: [{ from: folder, at: packagesPlace }],
      environment: {
        PYTHONPATH: packagesPlace,
        PATH: `${insideEnvironment['PATH'] ?? ''}:${packagesPlace}/bin`,
      },
    };
    return { ...this.#tier, launch: (limits) => this.#tier.launch(limits, additions) };
  }

  readonly #track = (interpreter: Interpreter): void => {
    this.#open.add(interpreter);
    void interpreter.ended.then(() => this.#open.delete(interpreter));
  };

  #findPython(): Promise<PythonFacts> {
    return (this.#python ??= readPythonFacts(this.#tier, this.#limits));
  }
}

/** The module that a requirement of that name would be, were it a part of Python. */
function moduleOf(requirement: string): string {
  return packageOf(requirement).replaceAll('-', '_');
}

function whyNotHere(name: TierName): string {
  return name === 'deno'
    ? "packages cannot be installed in the sandbox deno, which has Python's standard library alone: apt-get install bubblewrap python3 python3-pip"
    : `packages are installed in the sandbox bubblewrap only, and this is ${name}`;
}
