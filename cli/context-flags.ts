/** What `agent` and `meet` let people say about the context. */
export const contextFlags = {
  'context-tokens': {
    type: 'number',
    describe: 'The most the model can read and write at once, in tokens [default: as known of the model]',
  },
  'context-strategy': {
    choices: ['truncate-middle', 'truncate-oldest', 'summarize'],
    describe: 'What is left out of a longer conversation [default: truncate-middle]',
  },
  'show-reasoning': { type: 'boolean', describe: 'Show what the model thinks, where it says so' },
} as const;
