import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { ProtocolError } from './errors.ts';
import { features, type Feature, type Participant } from './types.ts';

/** How an agent introduced itself. The dialect of all that follows depends on it. */
export interface Greeting {
  readonly dialect: 'framed' | 'classic';
  readonly participant: Participant;
  readonly meeting?: string;
  readonly token?: string;
  /** Of an agent that comes back: what `/welcome` gave it for its seat. */
  readonly secret?: string;
  /**
   * What the agent will prove its seat with, until `/welcome` gives it something better: whoever lost the connection
   * before that greets again with the same.
   */
  readonly claim?: string;
  /** Of an agent that comes back and remembers: the last `/seq` it took. */
  readonly seen?: number;
  readonly features: readonly Feature[];
}

/** A name of a meeting that is safe as the name of a folder, everywhere. */
const meetingNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const maxNameLength = 200;

const shortText = z.string().check(z.maxLength(maxNameLength));
const jsonGreeting = z.object({
  name: shortText.check(z.minLength(1)),
  lang: z.optional(shortText),
  gender: z.optional(shortText),
  provider: z.optional(shortText),
  model: z.optional(shortText),
  persona: z.optional(z.string()),
  parameters: z.optional(
    z.record(z.string(), z.unknown()).check(z.refine((value) => isShallow(value, 8), 'nested too deeply')),
  ),
  seed: z.optional(z.number()),
  software: z.optional(shortText),
  meeting: z.optional(z.string()),
  token: z.optional(z.string()),
  secret: z.optional(shortText),
  // Shorter ones could be guessed.
  claim: z.optional(shortText.check(z.minLength(32))),
  seen: z.optional(z.number().check(z.int(), z.nonnegative())),
  // Features of later versions are no reason to turn somebody away.
  features: z.optional(z.array(z.string())),
});

/** What follows `/iam: ` when an agent of this project greets. */
export type JsonGreeting = z.infer<typeof jsonGreeting>;

/** Whether it can be the name of a meeting, and so of its folder. */
export function isMeetingName(text: string): boolean {
  return meetingNamePattern.test(text);
}

/** Whether a line is a greeting at all, in either form. */
export function isGreeting(line: string): boolean {
  return /^\/iam(?::|\s)/.test(line);
}

/** Whether these first characters can only become a greeting in JSON, which ends with a newline. */
export function isJsonGreetingStart(text: string): boolean {
  return /^\/iam:?\s*\{/.test(text);
}

/** Reads `/iam: …`. Throws ProtocolError `bad-greeting` or `bad-meeting`. */
export function parseGreeting(line: string): Greeting {
  const argument = line.replace(/^\/iam:?\s*/, '').trim();
  return argument.startsWith('{') ? parseJsonGreeting(argument) : parseClassicGreeting(argument);
}

function parseJsonGreeting(argument: string): Greeting {
  const parsed = jsonGreeting.safeParse(tryJson(argument));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.length ? ` at "${issue.path.join('.')}"` : '';
    throw new ProtocolError(
      'bad-greeting',
      `the greeting is no valid JSON greeting${where}: ${issue?.message ?? ''}`,
    );
  }
  const { meeting, token, secret, claim, seen, features: wanted = [], persona, ...rest } = parsed.data;
  if (meeting !== undefined && !isMeetingName(meeting)) {
    throw new ProtocolError(
      'bad-meeting',
      'a meeting has letters, digits, ".", "_" and "-" in its name, 100 at most',
    );
  }
  const participant =
    persona === undefined ? rest : { ...rest, persona: { text: persona, sha256: sha256(persona) } };
  return {
    dialect: 'framed',
    participant: withoutUndefined(participant),
    features: features.filter((feature) => wanted.includes(feature)),
    ...(meeting === undefined ? {} : { meeting }),
    ...(token === undefined ? {} : { token }),
    ...(secret === undefined ? {} : { secret }),
    ...(claim === undefined ? {} : { claim }),
    ...(seen === undefined ? {} : { seen }),
  };
}

/**
 * `NAME (lang) [gender].MODEL`, all but the name optional. The dot before a model is followed by no
 * space and by no space later on, and does not belong to a title: `Dr. Ada Quill (en) [f].llama3.2`.
 */
function parseClassicGreeting(argument: string): Greeting {
  // Far more than a greeting needs, and little enough for any regular expression.
  if (argument.length > 1_000) throw new ProtocolError('bad-greeting', 'the greeting is too long');
  const tagged =
    /^(?<name>[^([]*?)\s*(?:\((?<lang>[^()]*)\))?\s*(?:\[(?<gender>[^[\]]*)\])?\s*(?:\.(?<model>\S*))?$/;
  const hasTags = /[([]/.test(argument);
  const groups = hasTags ? tagged.exec(argument)?.groups : splitNameAndModel(argument);
  const { name, lang, gender, model } = groups ?? { name: argument };
  if (!name || name.length > maxNameLength) {
    throw new ProtocolError('bad-greeting', 'a greeting has the form /iam: NAME (lang) [gender].MODEL');
  }
  return {
    dialect: 'classic',
    participant: withoutUndefined({
      name,
      lang: lang?.trim() || undefined,
      gender: gender?.trim() || undefined,
      model: model?.trim() || undefined,
    }),
    features: [],
  };
}

function splitNameAndModel(argument: string): Record<string, string | undefined> {
  const title = /^(?:Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|Sra|Dra|Fr|Hr)\./i.exec(argument)?.[0] ?? '';
  const split = /^(?<name>.*?[\p{L}\p{N}].*?)\.(?<model>\S+)$/u.exec(argument.slice(title.length))?.groups;
  if (!split) return { name: argument.replace(/\.$/, '') };
  return { name: `${title}${split['name']}`.trim(), model: split['model'] };
}

/** JSON of any depth can be read, but writing it again would overflow the stack. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never;
}
