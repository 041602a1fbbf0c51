import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../provider.ts';
import { lastWords } from './last-words.ts';
import { quoteBriefly } from '../redact.ts';
import { splitWords } from './split-words.ts';

/** More than any turn: the relay takes no frame above 1 MiB. */
const maxReplyBytes = 1_048_576;
/** How much of what the program said on stderr is kept for the error message. */
const maxStderrCharacters = 2_000;
/** How long a program that was told to end may take. */
const killGraceMs = 2_000;

interface CommandOptions {
  /** Where the program runs; the agent's own folder if undefined. */
  readonly cwd?: string;
  readonly env?: Readonly<NodeJS.ProcessEnv>;
}

/**
 * Any program as a provider. It is started for each reply, without a shell; it reads one line of JSON,
 * `{"system", "messages": [{"role", "content"}]}`, from stdin, and what it writes to stdout is the reply.
 * Throws ProviderError `bad-command`.
 */
export function createCommand(command: string | readonly string[], options: CommandOptions = {}): Provider {
  const words = typeof command === 'string' ? splitWords(command) : command;
  if (!words) throw fail('bad-command', `a quote is not closed in ${String(command)}`);
  const [program = '', ...args] = words;
  if (program === '') throw fail('bad-command', 'no program is named; say which with --command');

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    signal.throwIfAborted();
    const { cwd, env = process.env } = options;
    // A group of its own, so that what the program starts ends with it.
    const child = spawn(program, args, { cwd, env, stdio: 'pipe', detached: true });
    const exit = exitOf(child, program);
    const abort = (): void => void child.stdout.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    // A program may answer without having read anything.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify({ system, messages })}\n`);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxStderrCharacters);
    });
    let hasLeft = false;
    try {
      let bytes = 0;
      for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
        bytes += Buffer.byteLength(text);
        if (bytes > maxReplyBytes)
          throw fail('too-long', `"${program}" wrote more than ${maxReplyBytes} bytes`);
        yield { type: 'text', text };
      }
      const { code, killedBy } = await exit;
      hasLeft = true;
      if (code !== 0) {
        const how = killedBy ? `was killed by ${killedBy}` : `left with code ${code}`;
        const last = quoteBriefly(lastWords(stderr), secretsOf(env));
        throw fail('failed', `"${program}" ${how}${last ? `: ${last}` : ''}`);
      }
      yield { type: 'end', finish: 'stop' };
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      endGroup(child, hasLeft);
    }
  }

  return { name: 'command', model: program, reply };
}

interface Exit {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

function exitOf(child: ChildProcessWithoutNullStreams, program: string): Promise<Exit> {
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'is not found; give its path' : `cannot be started (${error.code})`;
      reject(fail('bad-command', `"${program}" ${why}`));
    });
    child.once('close', (code, killedBy) => resolve({ code, killedBy }));
  });
  // It is awaited only once the output has ended.
  exit.catch(() => {});
  return exit;
}

/** Ends the program and all that it started, unless they have closed their output and left: politely first. */
function endGroup(child: ChildProcessWithoutNullStreams, hasLeft: boolean): void {
  if (child.pid === undefined || hasLeft) return;
  const killAll = (): void => {
    clearTimeout(timer);
    kill(child, 'SIGKILL');
  };
  const timer = setTimeout(killAll, killGraceMs);
  if (child.exitCode !== null || child.signalCode !== null) return killAll();
  kill(child, 'SIGTERM');
  // What it leaves behind goes with it.
  child.once('exit', killAll);
}

function kill(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch {
    // All of them have left, or this system knows no groups.
    child.kill(signal);
  }
}

/** The program was given them, and may quote them. */
function secretsOf(env: Readonly<NodeJS.ProcessEnv>): (string | undefined)[] {
  const names = Object.keys(env).filter((name) => /KEY|TOKEN|SECRET|PASSW/i.test(name));
  return names.map((name) => env[name]);
}

function fail(code: string, message: string): ProviderError {
  return new ProviderError(`command: ${message}`, { provider: 'command', code, retryable: false });
}
