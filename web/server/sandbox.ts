import { execFile } from 'node:child_process';
import { programPath } from '../../config/paths.ts';
import { ColloquyError } from '../../wire/errors.ts';
import type { SandboxReport } from '../api.ts';

/** All attacks on three tiers, on a slow machine. */
const testMs = 15 * 60_000;
const mostAnswerBytes = 16 * 1024 * 1024;

/** What `colloquy doctor` finds out, in a process of its own; one at a time. */
export class Sandbox {
  readonly #where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
  #last: SandboxReport | undefined;
  #running: Promise<SandboxReport> | undefined;

  constructor(where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#where = where;
  }

  /** What is known; where nothing is, the self-test of every start. Rejects with ColloquyError `doctor-failed`. */
  async report(): Promise<SandboxReport> {
    return this.#last ?? this.#start(false);
  }

  /** Attacks every tier. It takes minutes. Rejects with ColloquyError `doctor-failed`. */
  async test(): Promise<SandboxReport> {
    // What runs may be the self-test alone.
    while (this.#running) if ((await this.#running).attacked) return this.report();
    return this.#start(true);
  }

  #start(attacked: boolean): Promise<SandboxReport> {
    this.#running ??= this.#run(attacked)
      .then((report) => (this.#last = report))
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  #run(attacked: boolean): Promise<SandboxReport> {
    const args = [programPath, 'doctor', '--json', ...(attacked ? [] : ['--quick'])];
    const options = { ...this.#where, timeout: testMs, maxBuffer: mostAnswerBytes };
    return new Promise((resolve, reject) => {
      // It fails where a tier is broken, and has said all the same which.
      execFile(process.execPath, args, options, (_, stdout, stderr) => {
        try {
          const found = JSON.parse(stdout) as Pick<SandboxReport, 'chosen' | 'tiers'>;
          resolve({ ...found, testedAt: new Date().toISOString(), attacked });
        } catch {
          const why = stderr.trim().split('\n').at(-1) ?? '';
          reject(new ColloquyError(`the sandboxes could not be examined: ${why}`, { code: 'doctor-failed' }));
        }
      });
    });
  }
}
