import { expect } from 'vitest';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../../agents/provider.ts';
import { replyReliably, type Patience } from '../../agents/reliable.ts';

const patience: Patience = { firstPieceMs: 5_000, idleMs: 5_000, maxRetries: 2, maxWaitMs: 300_000 };
export const conversation: Omit<ReplyRequest, 'signal'> = {
  system: 'You are Ada.',
  messages: [{ role: 'user', content: 'Good day.' }],
};

export interface Heard {
  /** Those of the last attempt. */
  readonly pieces: readonly ReplyPiece[];
  readonly restarts: number;
}

export interface Listening {
  readonly outcome: Promise<Heard>;
  /** What was asked of the clock, in milliseconds. */
  readonly waits: readonly number[];
  readonly statuses: readonly string[];
  readonly abort: () => void;
  /** The first words have come. */
  readonly heard: Promise<void>;
  /** The first status has come. */
  readonly told: Promise<void>;
}

/** Asks once, reliably, with a clock that does not tick. */
export function listen(
  provider: Provider,
  limits: Partial<Patience>,
  onHeard: () => void,
  { realSleep = false } = {},
): Listening {
  const waits: number[] = [];
  const statuses: string[] = [];
  const controller = new AbortController();
  let tell = (): void => {};
  const told = new Promise<void>((resolve) => (tell = resolve));
  let hear = (): void => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));

  const outcome = (async (): Promise<Heard> => {
    let pieces: ReplyPiece[] = [];
    let restarts = 0;
    // Lets the test abort before anything is asked.
    await Promise.resolve();
    const request = { ...conversation, signal: controller.signal };
    const hooks = {
      onStatus: (text: string) => {
        statuses.push(text);
        tell();
      },
      onRestart: () => {
        pieces = [];
        restarts++;
      },
      random: () => 0.5,
      ...(realSleep ? {} : { sleep: async (delayMs: number) => waits.push(delayMs) }),
    };
    for await (const piece of replyReliably(provider, request, { ...patience, ...limits }, hooks)) {
      pieces.push(piece);
      if (piece.type !== 'text') continue;
      hear();
      onHeard();
    }
    return { pieces, restarts };
  })();
  // Some tests look at it only later.
  outcome.catch(() => {});
  return { outcome, waits, statuses, heard, told, abort: () => controller.abort(new Error('enough')) };
}

export function wordsOf(pieces: readonly ReplyPiece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
}

export async function errorOf(outcome: Promise<unknown>): Promise<ProviderError> {
  const error = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}
