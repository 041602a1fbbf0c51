import type { Translated, TranslationRequest, Translator } from '../../proxy/translation.ts';
import type { Usage } from '../../wire/types.ts';

type Answer = (request: TranslationRequest) => string | Promise<string>;

/** Translates in capitals and says into what, unless it is told how; remembers what it was asked. */
export class PretendedTranslator implements Translator {
  readonly provider = 'pretended';
  readonly model = 'capitals';
  readonly limitMs: number;
  readonly asked: TranslationRequest[] = [];
  readonly #answer: Answer;
  readonly #usage: Usage | undefined;

  constructor(options: { answer?: Answer; limitMs?: number; usage?: Usage } = {}) {
    this.#answer = options.answer ?? inCapitals;
    this.limitMs = options.limitMs ?? 0;
    this.#usage = options.usage;
  }

  async translate(request: TranslationRequest): Promise<Translated> {
    this.asked.push(request);
    const text = await this.#answer(request);
    return { text, ...(this.#usage ? { usage: this.#usage } : {}) };
  }
}

export function inCapitals({ text, to }: Pick<TranslationRequest, 'text' | 'to'>): string {
  return `${to}: ${text.toUpperCase()}`;
}

/** Answers when it is let, in the order of what was asked. */
export class SlowAnswers {
  readonly #held: (() => void)[] = [];
  #wake = (): void => {};

  readonly answer = (request: TranslationRequest): Promise<string> =>
    new Promise((resolve) => {
      this.#held.push(() => resolve(inCapitals(request)));
      this.#wake();
    });

  /** Resolves when so many are waiting. */
  async untilAsked(count: number): Promise<void> {
    while (this.#held.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Gives the answer that has waited longest. */
  async release(): Promise<void> {
    await this.untilAsked(1);
    this.#held.shift()?.();
  }
}
