import { ProviderError, type ChatMessage } from '../../agents/provider.ts';
import { replyReliably } from '../../agents/reliable.ts';
import type { Writer } from '../../pipelines/ask-model.ts';
import type { JsonReply } from '../../pipelines/json-reply.ts';
import { messageOf } from '../../wire/errors.ts';
import type { Usage } from '../../wire/types.ts';
import { addUsage } from '../../wire/usage.ts';
import { describeProblem } from './brief.ts';
import type { Ruling } from './read-verdict.ts';
import type { Attempt, VerdictFile } from './verdict-file.ts';

/** How often a judge is asked for one verdict. */
const mostAttempts = 3;

export interface Question {
  readonly system: string;
  readonly transcript: string;
  readonly read: (reply: string) => JsonReply<Ruling>;
  /** Of an earlier run that was interrupted: nothing that was answered is asked again. */
  readonly attempts: readonly Attempt[];
}

export interface AskOptions {
  /** Aborted: what is being written may come to its end, and nothing else is asked. */
  readonly polite: AbortSignal;
  /** Ends the reply. */
  readonly atOnce: AbortSignal;
  /** Keeps what there is so far. */
  readonly keep: (result: VerdictFile['result'], attempts: Attempt[]) => void;
}

export interface Answer {
  readonly result: VerdictFile['result'];
  /** The service said what no later request will change, such as a wrong key. */
  readonly isHopeless: boolean;
}

/** Asks until a verdict can be used, or often enough. Never rejects for what the service or the judge does. */
export async function askVerdict(
  question: Question,
  { provider, patience, limit }: Writer,
  { polite, atOnce, keep }: AskOptions,
): Promise<Answer> {
  const attempts: Attempt[] = [...question.attempts];
  const conclude = (result: VerdictFile['result'], isHopeless = false): Answer => {
    keep(result, attempts);
    return { result, isHopeless };
  };
  for (;;) {
    const answered = attempts.filter(isAnswered);
    const problem = answered.at(-1)?.problem ?? '';
    if (answered.length >= mostAttempts) return conclude({ type: 'invalid', problem });
    if (polite.aborted) return conclude({ type: 'unfinished' });
    const startedAtMs = Date.now();
    let [reply, finish] = ['', 'unfinished'];
    let usage: Usage | undefined;
    const attempt = (): Attempt => ({
      startedAt: new Date(startedAtMs).toISOString(),
      ms: Date.now() - startedAtMs,
      reply,
      finish,
      ...(usage ? { usage } : {}),
    });
    const request = { system: question.system, messages: toMessages(question, answered), signal: atOnce };
    try {
      const pieces = replyReliably(provider, request, patience, {
        onStatus: () => {},
        onRestart: () => (reply = ''),
        onSpent: (spent) => (usage = addUsage(usage, spent)),
        limit,
      });
      for await (const piece of pieces) {
        if (piece.type === 'text') reply += piece.text;
        if (piece.type === 'end') [finish, usage] = [piece.finish, addUsage(usage, piece.usage)];
      }
    } catch (error) {
      finish = atOnce.aborted ? 'unfinished' : 'failed';
      attempts.push({ ...attempt(), problem: messageOf(error) });
      if (atOnce.aborted) return conclude({ type: 'unfinished' });
      return conclude({ type: 'failed', problem: messageOf(error) }, isHopeless(error));
    }
    const read = question.read(reply);
    if (read.type === 'value') {
      attempts.push(attempt());
      return conclude({ type: 'verdict', ...read.value });
    }
    const cut = finish === 'length' ? 'it was cut off at the token limit; ' : '';
    attempts.push({ ...attempt(), problem: cut + read.problem });
    keep({ type: 'unfinished' }, attempts);
  }
}

/** A request that came to nothing says nothing about the judge. */
function isAnswered({ finish }: Attempt): boolean {
  return finish !== 'failed' && finish !== 'unfinished';
}

function toMessages({ transcript }: Question, answered: readonly Attempt[]): ChatMessage[] {
  return [
    { role: 'user', content: transcript },
    ...answered.flatMap(({ reply, problem }): ChatMessage[] => [
      { role: 'assistant', content: reply.trim() || '(nothing)' },
      { role: 'user', content: describeProblem(problem ?? '') },
    ]),
  ];
}

const hopeless: ReadonlySet<string> = new Set(['no-key', 'wrong-key', 'unknown-model', 'bad-command']);

function isHopeless(error: unknown): boolean {
  return error instanceof ProviderError && hopeless.has(error.code);
}
