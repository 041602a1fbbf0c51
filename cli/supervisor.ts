import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { programPath } from '../config/paths.ts';
import { telemetry } from '../telemetry/telemetry.ts';
import { supervisedVariable, type ChildMessage, type ParentMessage } from './child-protocol.ts';

/** How a process ended: its exit code or the signal that killed it, and the best account of why. */
export interface Ending {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** One sentence: what it reported, or the last line it wrote to stderr. */
  readonly reason: string | undefined;
}

/** How long a process that was told to end may take. */
const endGraceMs = 4_000;

/**
 * Starts this program again as processes of their own and looks after them: none outlives the launcher,
 * since each ends when its channel closes, which the system does even for a launcher that was killed.
 */
export class Supervisor {
  readonly #children = new Map<string, ChildProcess>();
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = { ...environment, ...telemetry()?.environment, [supervisedVariable]: '1' };
  }

  /** Starts `colloquy ARGS…`; resolves when it has ended. */
  start(
    name: string,
    args: readonly string[],
    handlers: {
      readonly onMessage?: (message: ChildMessage) => void;
      readonly onStderr?: (line: string) => void;
    } = {},
  ): Promise<Ending> {
    const child = fork(programPath, args, {
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Flags of the launcher's own node, such as a debugger's port, are not for its children.
      execArgv: [],
    });
    this.#children.set(name, child);
    let reason: string | undefined;
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'failed') reason = message.message;
      handlers.onMessage?.(message);
    });
    let complaint: string | undefined;
    if (child.stderr) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        // Node's account of a crash has one line worth telling, among many.
        if (/^\w*Error\b.*: /.test(line) || (complaint === undefined && isSpoken(line)))
          complaint = line.trim();
        handlers.onStderr?.(line);
      });
    }
    return new Promise((resolve) => {
      child.once('error', (error) => (reason ??= error.message));
      child.once('close', (code, signal) => {
        // Another may have been started under that name since.
        if (this.#children.get(name) === child) this.#children.delete(name);
        resolve({ name, code, signal, reason: reason ?? (code === 0 ? undefined : complaint) });
      });
    });
  }

  tell(name: string, message: ParentMessage): void {
    const child = this.#children.get(name);
    if (child?.connected) child.send(message, () => {});
  }

  /** Tells all that still run to end, and ends those that do not. */
  endAll(): void {
    for (const [name, child] of this.#children) {
      this.tell(name, { type: 'end' });
      const timer = setTimeout(() => child.kill('SIGKILL'), endGraceMs);
      child.once('close', () => clearTimeout(timer));
    }
  }
}

/** Neither a line of the log, which is JSON, nor one of a stack. */
function isSpoken(line: string): boolean {
  return line.trim() !== '' && !/^(?:\{|\s|node:|file:|Node\.js v)/.test(line);
}
