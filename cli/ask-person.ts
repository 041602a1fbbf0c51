import { visibleControls } from '../journal/render/visible-controls.ts';
import { createPrompt } from './prompt.ts';

/** Somebody at the terminal who can be asked. */
export interface Person {
  /** One question at a time; the others wait. Resolves with undefined when the person has left (Ctrl-D). */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly close: () => void;
}

/** What is drawn on the same terminal, and must not be while somebody writes. */
export interface Suspendable {
  suspend(): void;
  resume(): void;
}

/** What a model wrote may stand in a question: it is shown with control characters made visible. */
export function createPerson(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  shown: Suspendable = { suspend: () => {}, resume: () => {} },
): Person {
  const prompt = createPrompt(input, output, { takesEmpty: true });
  const left = new AbortController();
  let before: Promise<unknown> = Promise.resolve();
  prompt.onEnd(() => left.abort());
  // In the terminal's raw mode Ctrl-C is a key like any other.
  prompt.onInterrupt(() => void process.kill(process.pid, 'SIGINT'));
  const askNow = async (question: string, signal: AbortSignal): Promise<string | undefined> => {
    signal.throwIfAborted();
    if (left.signal.aborted) return undefined;
    shown.suspend();
    output.write(`\n${visibleControls(question)}\n`);
    try {
      return await prompt.ask(AbortSignal.any([signal, left.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (left.signal.aborted) return undefined;
      throw error;
    } finally {
      shown.resume();
    }
  };
  return {
    ask(question, signal) {
      const answer = before.then(() => askNow(question, signal));
      before = answer.catch(() => {});
      return answer;
    },
    close: () => prompt.close(),
  };
}
