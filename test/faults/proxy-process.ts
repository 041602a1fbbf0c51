import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot, programPath } from '../../config/paths.ts';
import type { Seat } from '../../wire/types.ts';

/** Its exit code, or what it ended by. */
type End = number | string;

type Ports = { readonly [seat in Seat]: number };

export interface ProxyProcessOptions {
  /** For its settings and its log. */
  readonly folder: string;
  readonly transcripts: string;
  readonly args: readonly string[];
  /** Lines of proxy.yml, of which those are left out that this program does not know. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Far more than it takes, on a machine that does much else. */
const startMs = 45_000;
const endMs = 45_000;

/** `colloquy proxy`, which may die and come back to the same ports. */
export class ProxyProcess {
  readonly #options: ProxyProcessOptions;
  readonly #settingsFile: string;
  #child: ChildProcess | undefined;
  #ports: Ports = { a: 0, b: 0 };
  #ended: Promise<End> = Promise.resolve('not started');
  log = '';

  constructor(options: ProxyProcessOptions) {
    this.#options = options;
    this.#settingsFile = path.join(options.folder, 'proxy.yml');
    const known = Object.entries(options.settings).filter(([key]) => isKnownSetting(key));
    writeFileSync(this.#settingsFile, known.map(([key, value]) => `${key}: ${value}\n`).join(''));
  }

  get ports(): Ports {
    return this.#ports;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it listens. Rejects when it ends before that. */
  async start(): Promise<void> {
    const { transcripts, args, nodeArgs = [], env = {}, folder } = this.#options;
    const { a, b } = this.#ports;
    const child = spawn(
      process.execPath,
      [
        ...nodeArgs,
        ...[programPath, 'proxy', '--config', this.#settingsFile, '--transcripts', transcripts],
        ...['--port-a', String(a), '--port-b', String(b), ...args],
      ],
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? String(signal)));
    });
    this.log += `--- started, pid ${child.pid}\n`;
    await new Promise<void>((resolve, reject) => {
      let heard = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
        this.log += text;
        const [, foundA, foundB] = /port (\d+) for seat a and port (\d+) for seat b/.exec(heard) ?? [];
        if (foundA === undefined) return;
        this.#ports = { a: Number(foundA), b: Number(foundB) };
        resolve();
      });
      setTimeout(() => reject(new Error(`the proxy does not listen: ${heard}`)), startMs).unref();
      void this.#ended.then(() => reject(new Error(`the proxy did not start: ${heard}`)));
    });
  }

  /** Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<End> {
    this.#child?.kill(signal);
    // What is frozen hears no other signal.
    this.#child?.kill('SIGCONT');
    const late = sleep(endMs, 'late' as const, { ref: false });
    if ((await Promise.race([this.#ended, late])) !== 'late') return this.#ended;
    this.log += `--- still there ${endMs / 1_000} s after ${signal}\n`;
    this.#child?.kill('SIGKILL');
    return `${await this.#ended}, ${endMs / 1_000} s after ${signal}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}

const knownSettings = readFileSync(path.join(packageRoot, 'config', 'proxy.yml'), 'utf8');

function isKnownSetting(key: string): boolean {
  return new RegExp(`^(?:# )?${key}:`, 'm').test(knownSettings);
}

let help: string | undefined;

/** Whether this version of the program has that flag. */
export function knowsFlag(flag: string): boolean {
  help ??= spawnSync(process.execPath, [programPath, 'proxy', '--help'], { encoding: 'utf8' }).stdout;
  return help.includes(`${flag} `);
}
