import readline from 'node:readline';

/** Asks a person at a terminal, or reads a script from a pipe. */
export interface Prompt {
  /** The next message. Rejects with the signal's reason. */
  ask(signal: AbortSignal): Promise<string>;
  /** Ctrl-C in the line being typed. */
  onInterrupt(listener: () => void): void;
  /** Ctrl-D, or the end of the pipe, when all that was typed has been taken. */
  onEnd(listener: () => void): void;
  close(): void;
}

const promptText = '> ';
const continuationText = '… ';

/**
 * A line is a message. Several lines are one message between `"""` and `"""`, where a line ends with a
 * backslash, and where they were pasted in one go.
 */
export function createPrompt(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  { takesEmpty = false }: { readonly takesEmpty?: boolean } = {},
): Prompt {
  const terminal = input.isTTY && output.isTTY;
  const reader = readline.createInterface({ input, output, terminal, prompt: '' });
  const messages: string[] = [];
  const endListeners: (() => void)[] = [];
  const interruptListeners: (() => void)[] = [];
  let lines: string[] = [];
  let quoted = false;
  let pasting = false;
  let ended = false;
  let waiting: ((message: string) => void) | undefined;

  const deliver = (): void => {
    const message = lines.join('\n');
    lines = [];
    // An empty line is an answer where one was asked for and that is allowed, and nothing otherwise.
    if (message.trim() === '' && !(takesEmpty && waiting)) return showPrompt();
    if (waiting) waiting(message);
    else messages.push(message);
  };
  const showPrompt = (): void => {
    if (!terminal || !waiting) return;
    reader.setPrompt(lines.length > 0 || quoted ? continuationText : promptText);
    reader.prompt(true);
  };
  const finish = (): void => {
    if (ended && messages.length === 0) for (const listener of endListeners) listener();
  };

  reader.on('line', (line) => {
    if (quoted || line.trimStart().startsWith('"""')) {
      const text = quoted ? line : line.trimStart().slice(3);
      const closes = text.trimEnd().endsWith('"""');
      const rest = closes ? text.trimEnd().slice(0, -3) : text;
      // The lines of the marks themselves are no empty lines of the message.
      if (rest !== '' || (quoted && !closes)) lines.push(rest);
      quoted = !closes;
      return quoted ? showPrompt() : deliver();
    }
    const continues = line.endsWith('\\');
    lines.push(continues ? line.slice(0, -1) : line);
    if (continues || pasting) showPrompt();
    else deliver();
  });
  reader.on('close', () => {
    ended = true;
    if (lines.length > 0) deliver();
    finish();
  });
  reader.on('SIGINT', () => {
    for (const listener of interruptListeners) listener();
  });
  if (terminal) {
    // Bracketed paste: the terminal says where a paste begins and ends.
    output.write('\u001b[?2004h');
    input.on('keypress', (_text: string | undefined, key: { name?: string } | undefined) => {
      if (key?.name === 'paste-start') pasting = true;
      if (key?.name === 'paste-end') pasting = false;
    });
  }

  return {
    ask(signal) {
      const next = messages.shift();
      if (next !== undefined) return Promise.resolve(next);
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          waiting = undefined;
          signal.removeEventListener('abort', abort);
        };
        const abort = (): void => {
          settle();
          if (terminal) output.write('\n');
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting = (message) => {
          settle();
          resolve(message);
        };
        showPrompt();
        finish();
      });
    },
    onInterrupt: (listener) => interruptListeners.push(listener),
    onEnd: (listener) => endListeners.push(listener),
    close() {
      if (terminal) output.write('\u001b[?2004l');
      endListeners.length = 0;
      reader.close();
    },
  };
}
