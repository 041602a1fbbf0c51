import * as z from 'zod';
import type { ConfigProblem } from '../../config/errors.ts';
import { describeProblems } from '../../config/issues.ts';
import { readPositionedYaml, type PositionedYaml } from '../../config/positions.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { readScriptFile } from '../read-script-file.ts';

const tokens = z.int().min(0);
const usage = z
  .strictObject({ input: tokens, output: tokens, cached: tokens.default(0), stored: tokens.optional() })
  .transform(({ stored = 0, ...rest }) => ({ ...rest, ...(stored > 0 ? { stored } : {}) }))
  .optional();

const replySchema = z.strictObject({
  /** May be missing where there is an error: then it never passes. */
  text: z.string().optional(),
  /** Milliseconds before the reply. */
  delay_ms: z.number().min(0).default(0),
  /** Characters of a piece; without it, a piece is a word. */
  chunk: z.int().min(1).optional(),
  usage,
  finish: z.enum(['stop', 'length', 'content-filter', 'refusal', 'other']).default('stop'),
  /** Fails instead of answering, `times` times if there is a text to follow. 429 and 5xx are tried again. */
  error: z
    .strictObject({
      message: z.string(),
      status: z.int().min(400).max(599).optional(),
      retry_after_ms: z.number().min(0).optional(),
      times: z.int().min(1).default(1),
      /** What each of the attempts that fail is billed. */
      usage,
    })
    .optional(),
});
const fileSchema = z.strictObject({
  /** What comes after the last reply: the last one again, a goodbye, or an error. */
  at_end: z.enum(['bye', 'repeat-last', 'error']).default('bye'),
  replies: z.array(z.unknown()).min(1),
});

export type Reply = z.output<typeof replySchema>;

/** What a file of replies says: a list, or a mapping with `replies` and `at_end`. A text is a reply too. */
export type ScriptedReplies =
  | readonly ReplyInput[]
  | { readonly at_end?: z.input<typeof fileSchema>['at_end']; readonly replies: readonly ReplyInput[] };
type ReplyInput = string | z.input<typeof replySchema>;

interface Script {
  readonly at_end: z.output<typeof fileSchema>['at_end'];
  readonly replies: readonly Reply[];
}

/**
 * `.yml`, `.yaml` and `.json` are read as such; any other file holds texts between lines of `---`. Throws
 * ColloquyError `bad-script` with a line `file:line:column problem` for each mistake.
 */
export function readReplies(file: string): Script {
  const text = readScriptFile(file);
  if (/\.(?:ya?ml|json)$/i.test(file)) {
    const yaml = readPositionedYaml(text, file);
    if (yaml.problems.length > 0) throw badScript(yaml.problems);
    return parse(yaml.value, yaml);
  }
  const replies = text.split(/^---[ \t]*\r?$\n?/m).map((part) => part.trim());
  const spoken = replies.filter((part) => part !== '');
  if (spoken.length === 0) throw badScript([{ where: `${file}:1:1`, message: 'holds no reply' }]);
  return parseReplies(spoken, file);
}

/** Checks replies that stand in no file. `name` is what problems call them. */
export function parseReplies(value: ScriptedReplies, name: string): Script {
  return parse(value, readPositionedYaml(JSON.stringify(value, null, 2), name));
}

function parse(value: unknown, yaml: PositionedYaml): Script {
  const isList = Array.isArray(value);
  const script = fileSchema.safeParse(isList ? { replies: value as unknown[] } : value);
  if (!script.success) throw badScript(describeProblems(script.error, value, fileSchema, yaml));
  const problems: ConfigProblem[] = [];
  const replies = script.data.replies.flatMap((reply, index) => {
    const whole = typeof reply === 'string' ? { text: reply } : reply;
    const parsed = replySchema.safeParse(whole);
    if (parsed.success) return [parsed.data];
    const start = isList ? [index] : ['replies', index];
    const part = {
      ...yaml,
      locate: (path, what) => yaml.locate([...start, ...path], what),
    } satisfies PositionedYaml;
    problems.push(...describeProblems(parsed.error, whole, replySchema, part));
    return [];
  });
  if (problems.length > 0) throw badScript(problems);
  return { at_end: script.data.at_end, replies };
}

function badScript(problems: readonly ConfigProblem[]): ColloquyError {
  const lines = problems.map(({ where, message }) => `${where} ${message}`);
  return new ColloquyError(lines.join('\n'), { code: 'bad-script' });
}
