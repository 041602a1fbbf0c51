import { spawn, type ChildProcess } from 'node:child_process';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../provider.ts';

/** More than any turn: the relay takes no frame above 1 MiB. */
const maxReplyBytes = 1_048_576;
/** How much of what the program said on stderr is kept for the error message. */
const maxStderrCharacters = 2_000;
/** How long a program that was told to end may take. */
const killGraceMs = 2_000;

/**
 * Any program as a provider. It is started for each reply, without a shell; it reads one JSON object,
 * `{"system", "messages": [{"role", "content"}]}`, from stdin, and what it writes to stdout is the reply.
 * Throws ProviderError `bad-command`.
 */
export function createCommand(command: string | readonly string[]): Provider {
  const [program, ...args] = typeof command === 'string' ? splitWords(command) : command;
  if (program === undefined) throw fail('bad-command', 'no program is named; say which with --command');

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    signal.throwIfAborted();
    // A group of its own, so that what the program starts ends with it.
    const child = spawn(program as string, args, { stdio: 'pipe', detached: true });
    const exited = exitOf(child, program as string);
    const stop = (): void => endGroup(child);
    signal.addEventListener('abort', stop, { once: true });
    // A program may answer without having read anything.
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ system, messages }) + '\n');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxStderrCharacters);
    });
    try {
      let bytes = 0;
      // A line break at the very end belongs to the terminal, not to the reply.
      let lineEnd = '';
      for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
        bytes += Buffer.byteLength(chunk);
        if (bytes > maxReplyBytes)
          throw fail('too-long', `"${program}" wrote more than ${maxReplyBytes} bytes`);
        const text = (lineEnd + chunk).replace(/\r?\n$/, '');
        lineEnd = (lineEnd + chunk).slice(text.length);
        if (text !== '') yield { type: 'text', text };
      }
      const { code, killedBy } = await exited;
      signal.throwIfAborted();
      if (code !== 0) {
        const how = killedBy ? `was killed by ${killedBy}` : `left with code ${code}`;
        const last = stderr.trim().split('\n').at(-1);
        throw fail('failed', `"${program}" ${how}${last ? `: ${last}` : ''}`);
      }
      yield { type: 'end', finish: 'stop' };
    } finally {
      signal.removeEventListener('abort', stop);
      endGroup(child);
    }
  }

  return { name: 'command', model: program, reply };
}

/** Words as a shell would split them: blanks between, quotes around, a backslash before. Nothing else. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const word = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
  for (const [text] of line.matchAll(word)) {
    words.push(
      text.replace(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
        (_all, escaped?: string, double?: string, single?: string) =>
          double === undefined ? (escaped ?? single ?? '') : double.replace(/\\(["\\$`])/g, '$1'),
      ),
    );
  }
  return words;
}

function exitOf(
  child: ChildProcess,
  program: string,
): Promise<{ code: number | null; killedBy: NodeJS.Signals | null }> {
  const exited = new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'is not found; give its path' : `cannot be started (${error.code})`;
      reject(fail('bad-command', `"${program}" ${why}`));
    });
    child.once('close', (code, killedBy) => resolve({ code, killedBy }));
  });
  // It is awaited only once the output has ended.
  exited.catch(() => {});
  return exited;
}

function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  kill(pid, 'SIGTERM');
  const timer = setTimeout(() => kill(pid, 'SIGKILL'), killGraceMs);
  child.once('close', () => clearTimeout(timer));
}

function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}

function fail(code: string, message: string): ProviderError {
  return new ProviderError(`command: ${message}`, { provider: 'command', code, retryable: false });
}
