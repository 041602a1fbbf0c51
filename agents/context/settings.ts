/** What is left out when a conversation is longer than a model can read. */
export type ContextStrategy = 'truncate-middle' | 'truncate-oldest' | 'summarize';

export interface ContextSettings {
  /** All that the model can read and write at once, in tokens. */
  readonly windowTokens: number;
  /** How much of that is kept free for the reply. */
  readonly reserveTokens: number;
  readonly strategy: ContextStrategy;
  /** Tokens of this model for one of o200k_base, until its provider has reported some. */
  readonly tokenRatio: number;
  /** False where the provider reports only what it had not read before. */
  readonly reportsWholePrompt: boolean;
}
