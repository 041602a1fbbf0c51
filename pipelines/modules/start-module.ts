import { ColloquyError } from '../../wire/errors.ts';
import type { Module } from '../module.ts';
import { noSettings } from '../settings.ts';

export const startModule: Module = {
  name: 'start_module',
  describe: 'the request: what the run is asked for',
  version: '1',
  settings: noSettings,
  async run(context) {
    const said = context.request ?? (await context.ask('What is this run asked for?'));
    if (said === undefined || said.trim() === '') {
      throw new ColloquyError(
        `nobody says what ${context.step.output_name} is: give it with --request TEXT, --request-file FILE or by standard input`,
        { code: 'no-request' },
      );
    }
    return said;
  },
};
