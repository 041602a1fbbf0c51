import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';

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
  async run(context) {
    const { rubric, highest } = settingsSchema.parse(context.step.with ?? {});
    const schema = verdictSchema(rubric.length, highest);
    const system = promptOf(rubric, highest);
    const text = inputsText(context);
    let problem = '';
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const again = problem === '' ? '' : `\n\nYour last verdict could not be used: ${problem}`;
      const reply = await context.write({ system, text: text + again });
      const verdict = readVerdict(reply, schema);
      if (verdict.type === 'verdict') return JSON.stringify(verdict.value, null, 2);
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

function readVerdict(
  reply: string,
  schema: z.ZodType,
): { type: 'verdict'; value: unknown } | { type: 'problem'; problem: string } {
  const json = reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { type: 'problem', problem: 'it is no JSON object' };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { type: 'verdict', value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    type: 'problem',
    problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not right'}`,
  };
}
