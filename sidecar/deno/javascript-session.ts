import type { DriverRequest } from '../driver-protocol.ts';
import { WorkerLink } from './worker-link.ts';

type Run = Extract<DriverRequest, { op: 'run' }>;

/** JavaScript in a worker of its own, made when the first block comes. */
export class JavascriptSession {
  readonly #url: string;
  readonly #onTainted: () => void;
  #link: WorkerLink<null> | undefined;

  constructor(url: string, onTainted: () => void) {
    this.#url = url;
    this.#onTainted = onTainted;
  }

  /** Never rejects: nothing interrupts JavaScript but the end of its worker, and the next block gets a new one. */
  async run({ code, test, name, seconds }: Run): Promise<object> {
    if (this.#link === undefined || this.#link.hasEnded) {
      this.#link = new WorkerLink({
        url: this.#url,
        name: 'javascript',
        given: null,
        onTainted: this.#onTainted,
      });
    }
    const link = this.#link;
    const timer = setTimeout(
      () =>
        link.end(`took longer than ${seconds} s; the JavaScript session was ended, its variables are gone`),
      seconds * 1_000,
    );
    try {
      return { ...(await link.ask({ op: 'run', code, test, name })), files: [] };
    } catch (error) {
      return { outcome: 'failed', detail: (error as Error).message, files: [] };
    } finally {
      clearTimeout(timer);
    }
  }

  async ping(): Promise<void> {
    if (this.#link !== undefined && !this.#link.hasEnded) await this.#link.ask({ op: 'ping' });
  }
}
