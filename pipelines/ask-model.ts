import type { Provider } from '../agents/provider.ts';
import { replyReliably, type Patience } from '../agents/reliable.ts';
import type { RequestGate } from '../agents/request-limit.ts';
import { messageOf } from '../wire/errors.ts';
import type { Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { Exchange, Prompt } from './module.ts';

/** Who writes for a step, and how much is asked of it at a time. */
export interface Writer {
  readonly provider: Provider;
  readonly patience: Patience;
  /** Shared by all steps that ask the same service. */
  readonly limit?: RequestGate | undefined;
}

/** What is to be told about an exchange while it goes on. */
export interface AskHooks {
  /** Keeps the exchange; what it returns keeps it again, as it is by then. */
  readonly keep: (exchange: Exchange) => (exchange: Exchange) => void;
  readonly onText: (text: string) => void;
  readonly onStatus: (text: string) => void;
  /** What was told of the text is void: it comes again. */
  readonly onRestart: () => void;
  readonly onExchange: (exchange: Exchange) => void;
  readonly nowMs: () => number;
}

/** Has a model write one reply. What was paid for is kept, whatever comes of it. Rejects as `replyReliably` does. */
export async function askModel(
  { system, text }: Prompt,
  attempt: number,
  { provider, patience, limit }: Writer,
  signal: AbortSignal,
  hooks: AskHooks,
): Promise<string> {
  const startedAtMs = hooks.nowMs();
  let reply = '';
  let spent: Usage | undefined;
  const exchangeNow = (finish: string, usage: Usage | undefined): Exchange => ({
    service: provider.name,
    model: provider.model,
    system,
    text,
    reply,
    finish,
    ...(usage ? { usage } : {}),
    ms: hooks.nowMs() - startedAtMs,
    startedAt: new Date(startedAtMs).toISOString(),
    attempt,
  });
  const keepAgain = hooks.keep(exchangeNow('unfinished', undefined));
  const conclude = (finish: string, usage?: Usage): void => {
    const exchange = exchangeNow(finish, addUsage(spent, usage));
    keepAgain(exchange);
    hooks.onExchange(exchange);
  };
  const request = { system, messages: [{ role: 'user' as const, content: text }], signal };
  try {
    const stream = replyReliably(provider, request, patience, {
      onStatus: hooks.onStatus,
      onRestart: () => {
        reply = '';
        hooks.onRestart();
      },
      onSpent: (usage) => (spent = addUsage(spent, usage)),
      limit,
    });
    for await (const piece of stream) {
      if (piece.type === 'text') {
        reply += piece.text;
        hooks.onText(piece.text);
      }
      if (piece.type === 'end') conclude(piece.finish, piece.usage);
    }
    return reply;
  } catch (error) {
    conclude(signal.aborted ? 'interrupted' : `failed: ${messageOf(error)}`);
    throw error;
  }
}

/** Whether the model has answered in full. */
export function isAnswered({ finish }: Pick<Exchange, 'finish'>): boolean {
  return finish !== 'unfinished' && finish !== 'interrupted' && !finish.startsWith('failed');
}
