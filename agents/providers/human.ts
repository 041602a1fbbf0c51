import type { Provider } from '../provider.ts';

/** A person as a provider: `ask` resolves with what they typed, and rejects when `signal` ends the wait. */
export function createHuman(ask: (signal: AbortSignal) => Promise<string>): Provider {
  return {
    name: 'human',
    model: 'human',
    async *reply({ signal }) {
      yield { type: 'text', text: await ask(signal) };
      yield { type: 'end', finish: 'stop' };
    },
  };
}
