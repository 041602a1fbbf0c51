import type { Provider, ReplyPiece } from '../../agents/provider.ts';

/** A provider that says what the test wants, when the test wants it. */
export interface GatedProvider extends Provider {
  /** How often it was asked so far. */
  readonly asked: number;
  /** Resolves when it was asked so often. */
  untilAsked(count: number): Promise<void>;
  /** Lets the reply that is waiting, or else the next one, be written. */
  open(): void;
}

/** Answers at once. `usage` is reported with each reply. */
export function talkingProvider(say: (index: number) => string, name = 'acme'): Provider {
  let index = 0;
  return {
    name,
    model: 'talker',
    async *reply(): AsyncGenerator<ReplyPiece> {
      yield { type: 'text', text: say(index++) };
      yield { type: 'end', finish: 'stop', usage: { input: 30, output: 4, cached: 0 } };
    },
  };
}

export function gatedProvider(text = 'Well.'): GatedProvider {
  let asked = 0;
  let opened = 0;
  let used = 0;
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((each) => each());
  const until = async (isSo: () => boolean, signal?: AbortSignal): Promise<void> => {
    signal?.addEventListener('abort', wake);
    while (!isSo() && !signal?.aborted) {
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
    signal?.throwIfAborted();
  };
  return {
    name: 'acme',
    model: 'gated',
    get asked() {
      return asked;
    },
    async *reply({ signal }): AsyncGenerator<ReplyPiece> {
      asked++;
      wake();
      await until(() => opened > used, signal);
      used++;
      yield { type: 'text', text };
      yield { type: 'end', finish: 'stop' };
    },
    untilAsked: (count) => until(() => asked >= count),
    open() {
      opened++;
      wake();
    },
  };
}
