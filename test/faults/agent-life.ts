import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import type { Seat } from '../../wire/types.ts';
import type { AgentEvent, AgentOrder } from './agent-process.ts';
import type { MeetingPlan } from './scenario.ts';

const programFile = path.join(packageRoot, 'dist/test/faults/agent-process.js');

/** One agent, in as many processes as it takes. */
export class AgentLives {
  readonly plan: MeetingPlan;
  readonly seat: Seat;
  readonly #folder: string;
  readonly #seed: number;
  readonly #first: Seat;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #lives = 0;
  #mayReturn = true;
  /** Resolves when it has been welcomed for the first time. */
  readonly welcomed: Promise<void>;
  #welcome = (): void => {};
  #giveUp: (reason: Error) => void = () => {};
  errors = '';

  constructor(options: { plan: MeetingPlan; seat: Seat; folder: string; seed: number; first: Seat }) {
    this.plan = options.plan;
    this.seat = options.seat;
    this.#folder = options.folder;
    this.#seed = options.seed;
    this.#first = options.first;
    this.welcomed = new Promise((resolve, reject) => {
      this.#welcome = resolve;
      this.#giveUp = reject;
    });
  }

  get name(): string {
    return `${this.plan.name}-${this.seat}`;
  }

  /** The process that lives now, or lived last. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(port: number): void {
    const life = ++this.#lives;
    const order: AgentOrder = {
      seed: this.#seed,
      port,
      seat: this.seat,
      first: this.#first,
      plan: this.plan,
      life,
      secretFile: path.join(this.#folder, `${this.name}.secret`),
      log: this.#logOf(life),
      waits: life === 1,
    };
    const child = spawn(process.execPath, [programFile, JSON.stringify(order)], { stdio: 'pipe' });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdout.once('data', () => this.#welcome());
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    void this.#ended.then(() => this.#giveUp(new Error(`${this.name} ended early: ${this.errors}`)));
  }

  /** Lets it speak. */
  go(): void {
    this.#child?.stdin?.end('go\n');
  }

  /** Kills it; false when it is gone already, having lived through its meeting. */
  async kill({ forGood = false } = {}): Promise<boolean> {
    if (forGood) this.#mayReturn = false;
    // One death at a time: whoever killed it first starts it again.
    if (!this.isAlive || this.#child?.killed) return false;
    this.#child?.kill('SIGKILL');
    await this.#ended;
    return this.#mayReturn;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) process.kill(this.pid, signal);
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the process that lives now has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** What it lived through, a list for each life. */
  read(): readonly (readonly AgentEvent[])[] {
    return Array.from({ length: this.#lives }, (_, index) => readLog(this.#logOf(index + 1)));
  }

  #logOf(life: number): string {
    return path.join(this.#folder, `${this.name}.${life}.jsonl`);
  }
}

/** Without the line that it was killed in. */
function readLog(file: string): AgentEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as AgentEvent);
}
