import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../agents/provider.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { CodingRun } from './coder.ts';
import type { CodingEvent, CodingResult } from './events.ts';
import { fenced } from './prompts-page.ts';
import { shorten } from './prompts.ts';

interface SeatOptions {
  readonly name: Provider['name'];
  readonly model: string;
  /** Starts a coding task; throws and rejects as `runCoder` does. */
  readonly start: (task: string, signal: AbortSignal) => CodingRun;
}

/**
 * An agent whose reply to a message is the outcome of a coding task: the plan in short, the program as a RUN-CODE
 * block, and what came out. TEST-ASSERT blocks in the message are tests that must pass. What goes on meanwhile comes as
 * reasoning.
 */
export function createCoderSeat({ name, model, start }: SeatOptions): Provider {
  async function* reply({ messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const wish = messages.at(-1)?.content ?? '';
    if (isControl(wish)) {
      const text = wish.trim() === '/bye' ? 'Goodbye.' : question;
      yield { type: 'text', text };
      yield { type: 'end', finish: 'stop' };
      return;
    }
    try {
      const run = start(taskOf(messages.map(({ content }) => content)), signal);
      for await (const event of run) {
        const text = progressOf(event);
        if (text !== undefined) yield { type: 'reasoning', text: `${text}\n` };
      }
      const result = await run.result;
      yield { type: 'text', text: outcomeText(result) };
      yield { type: 'end', finish: 'stop', usage: result.usage };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProviderError || !(error instanceof ColloquyError)) throw error;
      // The partner can do something about a test that cannot be read; a meeting must not end over it.
      yield { type: 'text', text: `I could not work on that: ${error.message}` };
      yield { type: 'end', finish: 'stop' };
    }
  }
  return { name, model, reply };
}

const question = 'What program do you need? Say what it should do, and how one can tell that it works.';

/** `/start` and its like ask for nothing yet. */
function isControl(text: string): boolean {
  return /^\s*\/\w+\s*$/.test(text);
}

const mostEarlier = 6;

/** The last message is the task; what was said before it is told in short, newest last. */
function taskOf(said: readonly string[]): string {
  const earlier = said
    .slice(0, -1)
    .filter((text) => !isControl(text))
    .slice(-mostEarlier);
  const wish = said.at(-1) ?? '';
  if (earlier.length === 0) return wish;
  // Blocks in what was said before are no tests of this task.
  const told = earlier.map((text) => fenced(shorten(text, 1_500), 'text')).join('\n\n');
  return `${wish}\n\nWhat was said before:\n\n${told}`;
}

/** What a partner is told of a coding task. */
function outcomeText({ plan, summary, source, trial, outcome }: CodingResult): string {
  const short = plan
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 10)
    .join('\n');
  const printed = trial?.output.trim() ?? '';
  return [
    ...(short === '' ? [] : [`The plan:\n\n${shorten(short, 1_200)}`]),
    ...(source === undefined
      ? []
      : [`${outcome === 'failed' ? '' : 'RUN-CODE\n'}${fenced(source, 'python')}`]),
    summary,
    ...(printed === '' ? [] : [`It printed:\n\n${fenced(shorten(printed, 2_000), 'text')}`]),
  ].join('\n\n');
}

function progressOf(event: CodingEvent): string | undefined {
  switch (event.type) {
    case 'phase':
      return event.attempt === undefined ? event.phase : `${event.phase}, attempt ${event.attempt}`;
    case 'notice':
    case 'status':
      return event.text;
    case 'ran':
      return event.trial.summary;
    default:
      return undefined;
  }
}
