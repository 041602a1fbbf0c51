import path from 'node:path';
import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { settingsOf } from '../settings.ts';

const settingsSchema = z.strictObject({
  personas: z
    .tuple([z.string().min(1), z.string().min(1)])
    .describe('who sits in seat a and who in seat b: files, or names of personas'),
  services: z
    .tuple([z.string().min(1), z.string().min(1)])
    .optional()
    .describe(
      'who writes for seat a and for seat b, such as ollama:llama3.2; else as model_config or -s says',
    ),
  messages: z.int().min(2).max(10_000).default(12).describe('ends after so many messages of both'),
  seconds: z.number().min(0).default(0).describe('ends after so many seconds; 0: never'),
  tokens: z.int().min(0).default(0).describe('ends after so many tokens of both; 0: never'),
  cost: z.number().min(0).default(0).describe('ends after so many US dollars; 0: never'),
  first: z.enum(['a', 'b', 'random']).optional().describe('who starts'),
  execute: z.boolean().optional().describe('runs the code that they write, in the sandbox'),
});

/** Two personas talk about the inputs. The output is the transcript. */
export const meeting: Module = {
  name: 'meeting',
  describe: 'two personas talk about the inputs, as in colloquy meet',
  settings: settingsSchema,
  async run(context) {
    const { step, stepFolder, signal } = context;
    const { personas, services, messages, seconds, tokens, cost, first, execute } = settingsOf(
      settingsSchema,
      step,
    );
    const seat = (at: 0 | 1) => ({
      persona: personas[at],
      service: services?.[at],
      model: step.model_config,
    });
    const held = await context.holdMeeting({
      seats: { a: seat(0), b: seat(1) },
      topic: inputsText(context),
      limits: { messages, seconds, tokens, cost },
      first,
      execute,
      folder: path.join(stepFolder, 'meeting'),
      once: (schema, dependsOn, work) => context.once(schema, dependsOn, work),
      signal,
      onStatus: (text) => context.status(text),
      onExchange: (exchange) => context.record(exchange),
    });
    if (held.turns === 0) {
      throw new ColloquyError(`nothing was said in the meeting ${held.folder}: it ended with ${held.stop}`, {
        code: 'nothing-said',
      });
    }
    context.status(
      `they said ${held.turns} messages; the meeting ended with ${held.stop}: ${path.relative('', held.folder)}`,
    );
    return held.transcript;
  },
};
