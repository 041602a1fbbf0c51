import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { noSettings } from '../settings.ts';

/** What a person says of the inputs; what they are, where there is none or nothing is said. */
export const humanIntervention: Module = {
  name: 'human_intervention',
  describe: 'a person reads the inputs and says what should be different',
  settings: noSettings,
  async run(context) {
    const text = inputsText(context);
    const said = await context.ask(
      `${text}\n\nWhat should be different? Leave it empty to go on with this as it is.`,
    );
    if (said === undefined) context.status('warning: nobody is there to be asked; it goes on as it is');
    if (said === undefined || said.trim() === '') return text;
    return `${text}\n\n# What a person says to this\n\n${said}`;
  },
};
