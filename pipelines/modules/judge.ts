import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { inputsText } from '../inputs-text.ts';
import { readJsonReply } from '../json-reply.ts';
import type { Module } from '../module.ts';
import { settingsOf } from '../settings.ts';

const settingsSchema = z
  .strictObject({
    rubric: z.array(z.string().min(1)).min(1).default(['How well it does what was asked for']),
    highest: z.number().min(1).max(100).default(10),
  })
  .prefault({});

/** How often a judge whose verdict cannot be read is asked again. */
const mostAttempts = 3;

/** Scores its inputs by a rubric, `with: {rubric: [...], highest: 10}`. The output is JSON. */
export const judge: Module = {
  name: 'judge',
  describe: 'scores its inputs by a rubric',
  version: '1',
  settings: settingsSchema,
  async run(context) {
    const { rubric, highest } = settingsOf(settingsSchema, context.step);
    const schema = verdictSchema(rubric.length, highest);
    const system = promptOf(rubric, highest);
    const text = inputsText(context);
    let problem = '';
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const again = problem === '' ? '' : `\n\nYour last verdict could not be used: ${problem}`;
      const reply = await context.write({ system, text: text + again });
      const verdict = readJsonReply(reply, schema);
      if (verdict.type === 'value') return JSON.stringify(verdict.value, null, 2);
      problem = verdict.problem;
      context.status(problem);
    }
    throw new ColloquyError(`no verdict after ${mostAttempts} attempts: ${problem}`, { code: 'no-verdict' });
  },
};

function promptOf(rubric: readonly string[], highest: number): string {
  const lines = rubric.map((criterion, at) => `${at + 1}. ${criterion}`).join('\n');
  return `You judge a piece of work by these criteria, each with a score from 0 to ${highest}:

${lines}

Answer with one JSON object and nothing else:
{"scores": [one number for each criterion, in this order], "summary": "why, in a few sentences", "quotation": "the passage that decided, word for word"}`;
}

function verdictSchema(criteria: number, highest: number) {
  return z.object({
    scores: z.array(z.number().min(0).max(highest)).length(criteria),
    summary: z.string().min(1),
    quotation: z.string().optional(),
  });
}
