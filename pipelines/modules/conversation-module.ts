import { ColloquyError } from '../../wire/errors.ts';
import type { Module, ModuleContext, Seat } from '../module.ts';
import { noSettings } from '../settings.ts';

/** What was said so far, where the pipeline holds a seat in a meeting. */
export const conversationModule: Module = {
  name: 'conversation_module',
  describe: 'a seat in a meeting: what was said so far, the last message included',
  settings: noSettings,
  async run(context) {
    const { messages } = seatOf(context);
    return messages
      .map(({ by, text }) => `## ${by === 'self' ? 'You' : 'Your partner'}\n\n${text}`)
      .join('\n\n');
  },
};

/** Who the pipeline is, where it holds a seat in a meeting. */
export const personaModule: Module = {
  name: 'persona_module',
  describe: 'a seat in a meeting: who the speaker is',
  settings: noSettings,
  async run(context) {
    return seatOf(context).persona;
  },
};

function seatOf({ seat, step }: ModuleContext): Seat {
  if (seat) return seat;
  throw new ColloquyError(
    `${step.module} has nothing to give, since this run holds no seat in a meeting: colloquy agent --pipeline`,
    { code: 'no-seat' },
  );
}
