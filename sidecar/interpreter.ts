import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Block, BlockResult } from '../journal/block.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { DriverRequest, FileAnswer, RunAnswer } from './driver-protocol.ts';
import { Output, type Spool } from './output.ts';
import { MarkedStream } from './marked-stream.ts';
import type { Launch, Limits, Tier } from './tiers/tier.ts';
import { treeMemoryKiB } from './tiers/process-tree.ts';

/** How long an interpreter may take until it is ready; the slowest seen took 3 s. */
const startMs = 30_000;
/** What code that swallows its interrupts gets on top of its time. */
const patienceMs = 2_000;
/** For what the driver does on its own: files, and the answer to a ping. */
const driverMs = 20_000;
const memoryCheckMs = 250;
/** What may still come of the output of a process that is gone. */
const leftoverMs = 500;
const pieceBytes = 512 * 1024;

export interface Run extends Pick<Block, 'kind' | 'language' | 'code'> {
  /** What tracebacks call it: `code block 1 of turn 3`. */
  readonly name: string;
  /** What it prints, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** How a program of the workspace is run. */
export interface ProgramRun {
  /** What stands behind `python3`: options, the file, its arguments. */
  readonly args: readonly string[];
  /** Wall time. */
  readonly seconds: number;
  /** What it prints, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
}

export interface RunOutcome extends BlockResult {
  /** All of a long output; whoever takes it removes it. */
  readonly spool?: Spool;
  /** Files of the workspace that are gone. */
  readonly deleted: readonly string[];
  /** How a program left, if it was one: its exit code, or the number of the signal that killed it, less than 0. */
  readonly exit?: number;
}

interface Pending {
  readonly nonce: string;
  readonly resolve: (answer: object) => void;
  readonly reject: (error: Error) => void;
  answer?: object;
  /** The mark behind its output has come. */
  marked: boolean;
}

/**
 * One process that runs code, and the host's end of what is spoken with it (see `Launch`). What the code
 * prints cannot be mistaken for an answer: answers come on another descriptor and name the nonce of
 * their request, and whatever else comes there ends the process.
 */
export class Interpreter {
  readonly #child: ChildProcess;
  readonly #limits: Limits;
  readonly #ready: Promise<void>;
  #markReady: () => void = () => {};
  #failReady: (error: Error) => void = () => {};
  #isReady = false;
  #pending: Pending | undefined;
  #answers = '';
  readonly #prints = new MarkedStream();
  /** Why it is of no use any more. */
  #loss: string | undefined;
  readonly #ended: Promise<void>;

  /** Resolves when it is ready to run code. Rejects with ColloquyError `interpreter-failed`. */
  static async start(tier: Pick<Tier, 'launch' | 'name'>, limits: Limits): Promise<Interpreter> {
    const launch = tier.launch(limits);
    const interpreter = new Interpreter(launch, limits);
    const timer = setTimeout(() => interpreter.#lose(`was not ready after ${startMs / 1_000} s`), startMs);
    try {
      await interpreter.#ready;
      launch.onReady?.(interpreter.pid);
      return interpreter;
    } catch (error) {
      await interpreter.close();
      throw new ColloquyError(`the ${tier.name} interpreter ${messageOf(error)}`, {
        code: 'interpreter-failed',
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(launch: Launch, limits: Limits) {
    this.#limits = limits;
    this.#ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#failReady = reject;
    });
    const descriptors = launch.descriptors ?? [];
    const child = spawn(launch.file, launch.args, {
      env: { ...launch.env },
      cwd: launch.cwd ?? '/',
      ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid ?? launch.uid }),
      stdio: ['pipe', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)],
      // Not of our group: a Ctrl-C in the terminal is ours to answer.
      detached: true,
    });
    this.#child = child;
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#prints.push(chunk);
      // What prints on and on when nobody asked may wait until somebody does.
      if (!this.#pending && this.#isReady && this.#prints.isFull) child.stderr?.pause();
    });
    this.#watchMemory();
    descriptors.forEach((content, index) => {
      const pipe = child.stdio[3 + index] as Writable & Readable;
      pipe.on('error', () => {});
      pipe.end(content);
    });
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#lose(`could not be started: ${error.message}`);
        resolve();
      });
      child.once('exit', () => {
        // Children that outlive it, on a tier that cannot end them, keep its pipes open.
        const timer = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), leftoverMs);
        child.once('close', () => clearTimeout(timer));
      });
      child.once('close', (code, signal) => {
        this.#lose(describeExit(code, signal, this.#earlyWords()));
        launch.onEnded?.();
        resolve();
      });
    });
  }

  /** Of the process that was started; the code may run in one of its children. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process is gone. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get isAlive(): boolean {
    return this.#loss === undefined;
  }

  /** Runs a block. Never rejects: an interpreter that dies of it is `lost`. One at a time. */
  run({ kind, language, code, name, onOutput }: Run): Promise<RunOutcome> {
    const { seconds } = this.#limits;
    const request = { op: 'run', language, code, test: kind === 'test', seconds, name } as const;
    return this.#run(request, onOutput);
  }

  /**
   * Runs a program of the workspace in a process of its own, where the tier has a real python3. Never rejects:
   * where it takes the interpreter with it, it is `lost`.
   */
  runProgram({ args, seconds, onOutput }: ProgramRun): Promise<RunOutcome> {
    return this.#run({ op: 'program', args, seconds }, onOutput);
  }

  async #run(
    request: RequestWithoutNonce & { readonly op: 'run' | 'program' },
    onOutput?: (chunk: Buffer) => void,
  ): Promise<RunOutcome> {
    const { outputKiB, diskMiB } = this.#limits;
    const output = new Output(outputKiB * 1024, diskMiB * 1024 * 1024);
    const take = (chunk: Buffer): void => {
      output.push(chunk);
      onOutput?.(chunk);
    };
    for (const chunk of this.#prints.takeLate()) take(chunk);
    const startedAtMs = performance.now();
    const { seconds } = request;
    const tooLong = `took longer than ${seconds} s and could not be stopped; its interpreter was ended`;
    let ran: Ran | (Pick<Ran, 'files' | 'deleted' | 'exit'> & { outcome: 'lost'; detail: string });
    try {
      ran = parseRunAnswer(await this.#ask(request, seconds * 1_000 + patienceMs, tooLong, take));
      // Code may have read the nonce, answered in the driver's place and left: then nobody answers this.
      // It could go on and play the driver to the end; whoever writes a test can as well assert True.
      if (request.op === 'run' && request.test && ran.outcome === 'ok')
        await this.#ask({ op: 'ping' }, patienceMs, forged);
    } catch (error) {
      this.#lose(messageOf(error));
      ran = {
        outcome: 'lost',
        detail: `session lost, variables gone: ${messageOf(error)}`,
        files: [],
        deleted: [],
      };
    }
    const spool = output.takeSpool();
    return {
      outcome: ran.outcome,
      output: output.toString(),
      outputBytes: output.bytes,
      ...(ran.detail === undefined ? {} : { detail: ran.detail }),
      ...(ran.exit === undefined ? {} : { exit: ran.exit }),
      files: ran.files,
      deleted: ran.deleted,
      ms: Math.round((performance.now() - startedAtMs) * 10) / 10,
      ...(spool === undefined ? {} : { spool }),
    };
  }

  /** Writes a file into the workspace. Rejects when it cannot. */
  async put(path: string, content: Buffer): Promise<void> {
    const request = { op: 'put', path, base64: content.toString('base64') } as const;
    const { error } = (await this.#ask(request, driverMs, 'did not take a file in time')) as FileAnswer;
    if (error !== undefined) throw new Error(error);
  }

  /** Reads a file of the workspace piece by piece, `mostBytes` at most. Throws when it cannot. */
  async *get(path: string, mostBytes: number): AsyncGenerator<Buffer, void, void> {
    for (let offset = 0; offset < mostBytes;) {
      const length = Math.min(pieceBytes, mostBytes - offset);
      const request = { op: 'get', path, offset, length } as const;
      const answer = (await this.#ask(request, driverMs, 'did not give a file in time')) as FileAnswer;
      if (answer.error !== undefined) throw new Error(answer.error);
      const piece = Buffer.from(String(answer.base64 ?? ''), 'base64').subarray(0, length);
      if (piece.length > 0) yield piece;
      if (piece.length < length) return;
      offset += piece.length;
    }
  }

  /** Ends it, at once. Resolves when the process is gone. */
  async close(): Promise<void> {
    this.#lose('was closed');
    await this.#ended;
  }

  #ask(
    request: RequestWithoutNonce,
    patienceMs: number,
    tooLong: string,
    onText?: (chunk: Buffer) => void,
  ): Promise<object> {
    return new Promise((resolve, reject) => {
      if (this.#loss !== undefined) return reject(new Error(this.#loss));
      const nonce = randomBytes(16).toString('hex');
      const timer = setTimeout(() => this.#lose(tooLong), patienceMs);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      const pending = { nonce, resolve: settled(resolve), reject: settled(reject), marked: false };
      this.#pending = pending;
      this.#child.stderr?.resume();
      this.#prints.waitFor(nonce, onText, () => {
        pending.marked = true;
        this.#settle();
      });
      this.#child.stdin?.write(`${JSON.stringify({ ...request, nonce })}\n`);
    });
  }

  /** What comes on the driver's own descriptor. */
  #hear(chunk: Buffer): void {
    this.#answers += chunk.toString('latin1');
    for (let end = this.#answers.indexOf('\n'); end >= 0; end = this.#answers.indexOf('\n')) {
      const line = Buffer.from(this.#answers.slice(0, end), 'latin1').toString('utf8');
      this.#answers = this.#answers.slice(end + 1);
      if (!this.#take(line)) return this.#lose(forged);
    }
    // Nothing the driver says is longer than a piece of a file.
    if (this.#answers.length > 2 * pieceBytes) this.#lose(forged);
  }

  /** Whether that line was what was waited for. */
  #take(line: string): boolean {
    if (!this.#isReady) {
      this.#isReady = line === '{"ready": true}' || line === '{"ready":true}';
      if (this.#isReady) this.#markReady();
      return this.#isReady;
    }
    const pending = this.#pending;
    const answer = parseObject(line);
    if (!pending || pending.answer || !answer || answer['nonce'] !== pending.nonce) return false;
    pending.answer = answer;
    this.#settle();
    return true;
  }

  #settle(): void {
    const pending = this.#pending;
    if (!pending?.answer || !pending.marked) return;
    this.#pending = undefined;
    pending.resolve(pending.answer);
  }

  /**
   * Where no cgroup does it, the host looks at the memory of all processes of the session; between its
   * blocks as well, since what they have started may go on.
   */
  #watchMemory(): void {
    const mostKiB = (this.#limits.memoryMiB + 256) * 1024;
    const timer = setInterval(() => {
      if (treeMemoryKiB(this.pid, mostKiB) > mostKiB) {
        this.#lose(`used more than ${this.#limits.memoryMiB} MB of memory; its interpreter was ended`);
      }
    }, memoryCheckMs);
    timer.unref();
    this.#child.once('exit', () => clearInterval(timer));
  }

  /** Only the first reason counts; whoever waits is told. */
  #lose(reason: string): void {
    if (this.#loss !== undefined) return;
    this.#loss = reason;
    this.#child.kill('SIGKILL');
    const pending = this.#pending;
    this.#pending = undefined;
    if (!this.#isReady) this.#failReady(new Error(reason));
    pending?.reject(new Error(reason));
  }

  /** What a process that never came up had to say, without what only a debugger wants. */
  #earlyWords(): string {
    if (this.#isReady) return '';
    const lines = Buffer.concat(this.#prints.takeLate()).toString('utf8').split('\n');
    return lines
      .filter((line) => /[a-z]/i.test(line) && !/^\s|^=+/.test(line))
      .slice(0, 3)
      .map((line) => line.replace(/^# /, ''))
      .join('; ');
  }
}

const forged = 'something else than its driver answered; its interpreter was ended';

type RequestWithoutNonce = DriverRequest extends infer R
  ? R extends DriverRequest
    ? Omit<R, 'nonce'>
    : never
  : never;

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

type Ran = Pick<RunAnswer, 'outcome' | 'detail' | 'files' | 'exit'> & { readonly deleted: readonly string[] };

/** The driver shares its process with the code, so its answers are checked like a stranger's. */
function parseRunAnswer(answer: object): Ran {
  const { outcome, detail, files, deleted, exit } = answer as Partial<Record<keyof RunAnswer, unknown>>;
  if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'timeout') throw new Error(forged);
  const listed = Array.isArray(files) ? files.slice(0, 200) : [];
  return {
    outcome,
    ...(typeof detail === 'string' ? { detail: detail.slice(0, 1_000) } : {}),
    ...(Number.isInteger(exit) ? { exit: exit as number } : {}),
    files: listed.filter(isFile).map(({ path, bytes }) => ({ path, bytes })),
    deleted: (Array.isArray(deleted) ? deleted.slice(0, 200) : []).filter((path) => typeof path === 'string'),
  };
}

function isFile(value: unknown): value is { path: string; bytes: number } {
  const { path, bytes } = (value ?? {}) as { path?: unknown; bytes?: unknown };
  return (
    typeof path === 'string' && path.length <= 1_000 && Number.isSafeInteger(bytes) && (bytes as number) >= 0
  );
}

function describeExit(code: number | null, signal: string | null, words: string): string {
  const exit =
    signal === null && code !== null && code > 128 && code < 160 ? `signal ${code - 128}` : undefined;
  const how = signal ?? exit ?? `exit code ${code ?? '?'}`;
  return `ended with ${how}${words === '' ? '' : `: ${words.slice(-1_000)}`}`;
}
