import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { ConfigError } from '../../config/errors.ts';
import { describeProblems } from '../../config/issues.ts';
import { readPositionedYaml } from '../../config/positions.ts';
import { readTextFile } from '../../config/read-text.ts';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../provider.ts';

const replySchema = z.union([
  z.string(),
  z.strictObject({
    text: z.string().default(''),
    /** Milliseconds before the reply. */
    delay_ms: z.number().min(0).default(0),
    usage: z
      .strictObject({ input: z.int().min(0), output: z.int().min(0), cached: z.int().min(0).default(0) })
      .optional(),
    finish: z.enum(['stop', 'length', 'content-filter', 'refusal', 'other']).default('stop'),
    /** Fails instead of answering. */
    error: z.strictObject({ message: z.string(), retryable: z.boolean().default(false) }).optional(),
  }),
]);
const fileSchema = z.strictObject({
  /** What comes after the last reply: the last one again, a goodbye, or an error. */
  at_end: z.enum(['bye', 'repeat-last', 'error']).default('bye'),
  replies: z.array(replySchema).min(1),
});

export type ScriptedReplies = z.input<typeof fileSchema>;

/**
 * Plays replies from a file, the n-th for its n-th turn: the conversation decides, so that one which is
 * taken up again goes on where it was. `.yml` and `.json` hold a list, or a mapping with `replies` and
 * `at_end`; any other file holds texts between lines of `---`. Throws ConfigError with file:line:column.
 */
export function createScripted(source: string | ScriptedReplies): Provider {
  const { replies, at_end: atEnd } = typeof source === 'string' ? readFile(source) : fileSchema.parse(source);

  async function* reply({ messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    const next = replies[turn] ?? (atEnd === 'repeat-last' ? replies.at(-1) : undefined);
    if (next === undefined && atEnd === 'error') throw fail('there are no replies left', false);
    const { text, delay_ms: delayMs, usage, finish, error } = toReply(next ?? '/bye');
    if (delayMs > 0) await sleep(delayMs, undefined, { signal });
    if (error) throw fail(error.message, error.retryable);
    for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
      signal.throwIfAborted();
      yield { type: 'text', text: word };
    }
    yield { type: 'end', finish, ...(usage ? { usage } : {}) };
  }

  return { name: 'scripted', model: typeof source === 'string' ? path.parse(source).name : 'replies', reply };
}

type Reply = Exclude<z.output<typeof replySchema>, string>;

function toReply(reply: z.output<typeof replySchema>): Reply {
  return typeof reply === 'string' ? { text: reply, delay_ms: 0, finish: 'stop' } : reply;
}

function fail(message: string, retryable: boolean): ProviderError {
  return new ProviderError(`scripted: ${message}`, { provider: 'scripted', code: 'scripted', retryable });
}

function readFile(file: string): z.output<typeof fileSchema> {
  const text = readTextFile(file, file);
  if (!/\.(?:ya?ml|json)$/i.test(file)) {
    const replies = text.split(/^---[ \t]*\r?$\n?/m).map((part) => part.trim());
    return { at_end: 'bye', replies: replies.filter((part) => part !== '') };
  }
  const yaml = readPositionedYaml(text, file);
  if (yaml.problems.length > 0) throw new ConfigError(yaml.problems);
  const value = Array.isArray(yaml.value) ? { replies: yaml.value as unknown[] } : yaml.value;
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(describeProblems(parsed.error, value, fileSchema, yaml));
}
