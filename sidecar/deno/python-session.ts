import type { DriverRequest } from '../driver-protocol.ts';
import { deno } from './deno-api.ts';
import { toModuleUrl } from './module-texts.ts';
import type { DriverSettings, PythonParts } from './settings.ts';
import { WorkerLink } from './worker-link.ts';

type Run = Extract<DriverRequest, { op: 'run' }>;

const interruptSignal = 2;
/** Code that swallows the first interrupt gets another, until the host loses patience. */
const againMs = 500;

/** Pyodide in a worker, and the clock that interrupts it. */
export class PythonSession {
  readonly ready: Promise<{ readonly snapshot?: Uint8Array }>;
  readonly #interrupts = new Uint8Array(new SharedArrayBuffer(1));
  #link: WorkerLink<PythonParts> | undefined;

  constructor(url: string, settings: DriverSettings, onTainted: () => void) {
    this.ready = this.#start(url, settings, onTainted);
  }

  /** Rejects when the interpreter is lost. */
  async run({ code, test, name, seconds }: Run): Promise<object> {
    let again: ReturnType<typeof setInterval> | undefined;
    const timer = setTimeout(() => {
      this.#interrupt();
      again = setInterval(() => this.#interrupt(), againMs);
    }, seconds * 1_000);
    try {
      return await this.ask({ op: 'run', code, test, name, seconds });
    } finally {
      clearTimeout(timer);
      clearInterval(again);
      this.#interrupts[0] = 0;
    }
  }

  ask(request: object): Promise<object> {
    return this.#link?.ask(request) ?? Promise.reject(new Error('Python was not started'));
  }

  #interrupt(): void {
    // For code that computes; code that waits for something needs to be told.
    Atomics.store(this.#interrupts, 0, interruptSignal);
    this.#link?.tell({ interrupt: true });
  }

  async #start(
    url: string,
    settings: DriverSettings,
    onTainted: () => void,
  ): Promise<{ readonly snapshot?: Uint8Array }> {
    const read = (name: string): Uint8Array<ArrayBuffer> =>
      deno.readFileSync(`${settings.pyodideFolder}/${name}`);
    const standardLibrary = read('python_stdlib.zip');
    const { snapshotFile } = settings;
    const snapshot = snapshotFile === undefined ? undefined : deno.readFileSync(snapshotFile);
    const given: PythonParts = {
      loader: toModuleUrl(read('pyodide.mjs')),
      glue: toModuleUrl(read('pyodide.asm.mjs')),
      wasm: await WebAssembly.compile(read('pyodide.asm.wasm')),
      lockFile: deno.readTextFileSync(`${settings.pyodideFolder}/pyodide-lock.json`),
      standardLibrary,
      snapshot,
      makesSnapshot: settings.makesSnapshot === true,
      sessionSource: deno.readTextFileSync(settings.sessionFile),
      pythonSideSource: deno.readTextFileSync(settings.pythonSideFile),
      interrupts: this.#interrupts,
      diskBytes: settings.diskMiB * 1024 * 1024,
    };
    const transfer = [standardLibrary.buffer, ...(snapshot ? [snapshot.buffer] : [])];
    this.#link = new WorkerLink({ url, name: 'python', given, transfer, onTainted });
    return await this.#link.ask({ op: 'start' });
  }
}
