import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition, describeProblems } from '../config/issues.ts';
import { packageRoot } from '../config/paths.ts';
import { readPositionedYaml, type PositionedYaml } from '../config/positions.ts';
import { readTextFile } from '../config/read-text.ts';
import { serviceNames, type ServiceName } from '../config/service-names.ts';
import { findPersona } from './find-persona.ts';
import { hasInstructionsHeading, parseTitle } from './title.ts';

/** Who an agent is. */
export interface Persona {
  readonly file: string;
  readonly name: string;
  /** "Therapist" in `# Therapist Persona: …`. */
  readonly kind?: string;
  /** BCP 47, as the title gives it. */
  readonly lang?: string;
  readonly gender?: string;
  /** The system prompt: shared instructions, the persona's own text, its goal. */
  readonly text: string;
  /** The same without what all who sit at a table share. */
  readonly own: string;
  readonly sha256: string;
  readonly service?: ServiceName;
  readonly model?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
  /** Said word for word by the one who starts. */
  readonly opening?: string;
}

/** Front matter: what stands in YAML between two lines of `---` above the text. */
const frontMatterSchema = z.strictObject({
  name: z.string().min(1).optional(),
  lang: z.string().min(1).optional(),
  gender: z.string().min(1).optional(),
  service: z.enum(serviceNames).optional(),
  model: z.string().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.int().min(1).optional(),
  seed: z.int().optional(),
  opening: z.string().trim().min(1).optional(),
  goal: z.string().trim().min(1).optional(),
  instructions: z.boolean().optional(),
});
type FrontMatter = z.infer<typeof frontMatterSchema>;

/** Larger than any prompt that a model reads with attention. */
export const maxPersonaBytes = 256 * 1024;

/**
 * Reads a persona: a file, or the name of one in `personas/` of the working folder or of the package.
 * Throws ConfigError with all that is wrong.
 */
export function loadPersona(nameOrFile: string, { cwd }: { readonly cwd: string }): Persona {
  const file = findPersona(nameOrFile, cwd);
  const shown = showPath(file, cwd);
  return toPersona(readParts(file, shown), { file, shown, name: path.parse(file).name });
}

/**
 * A persona that is no file: its text, front matter and all. `shown` is what messages call it, `name` who it is where
 * the text does not say. Throws ConfigError with all that is wrong.
 */
export function parsePersona(
  text: string,
  { shown, name }: { readonly shown: string; readonly name: string },
): Persona {
  refuseLong(Buffer.byteLength(text), shown);
  return toPersona(partsOf(text, shown), { file: '', shown, name });
}

function toPersona(
  { frontMatter, body }: Parts,
  { file, shown, name }: { readonly file: string; readonly shown: string; readonly name: string },
): Persona {
  if (body === '') throw new ConfigError([{ where: shown, message: 'is empty; write who the agent is' }]);
  const title = parseTitle(body);
  const instructions = bringsInstructions(frontMatter, body) ? undefined : readInstructions(file);
  const goal = frontMatter.goal === undefined ? undefined : `## Your goal\n\n${frontMatter.goal}`;
  const own = [body, goal].filter((part) => part !== undefined).join('\n\n');
  const text = [instructions, own].filter((part) => part !== undefined && part !== '').join('\n\n');
  return withoutUndefined({
    file,
    name: frontMatter.name ?? title.name ?? name,
    kind: title.kind,
    lang: frontMatter.lang ?? title.lang,
    gender: frontMatter.gender ?? title.gender,
    text,
    own,
    sha256: createHash('sha256').update(text).digest('hex'),
    service: frontMatter.service,
    model: frontMatter.model,
    temperature: frontMatter.temperature,
    maxTokens: frontMatter.max_tokens,
    seed: frontMatter.seed,
    opening: frontMatter.opening,
  });
}

/** What is wrong with a persona, or only doubtful. Empty: nothing. */
export function checkPersona(
  nameOrFile: string,
  { cwd }: { readonly cwd: string },
): readonly ConfigProblem[] {
  try {
    const { file } = loadPersona(nameOrFile, { cwd });
    const shown = showPath(file, cwd);
    return findDoubts(readParts(file, shown), shown);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** What an agent can start with, but its author hardly meant. */
function findDoubts({ frontMatter, body, bodyLine, yaml }: Parts, shown: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const complain = (where: string, message: string): void => void problems.push({ where, message });
  const at = (line: number): string => `${shown}:${bodyLine + line}:1`;
  for (const [key, value] of Object.entries(frontMatter)) {
    if (typeof value !== 'string' || !hasControls(value, spokenKeys.has(key))) continue;
    complain(yaml.locate([key], 'value'), `${key} holds a control character`);
  }
  if (Object.keys(frontMatter).length === 0 && /^---[ \t]*\n/.test(body)) {
    complain(at(0), 'begins with ---, but no second --- ends the front matter');
  }
  const title = parseTitle(body);
  if (frontMatter.name === undefined && title.name === undefined) {
    complain(at(0), 'has no title; begin it with "# Kind Persona: Name (lang) [gender]"');
  }
  const lang = frontMatter.lang ?? title.lang;
  const langAt = frontMatter.lang === undefined ? at(title.line) : yaml.locate(['lang'], 'value');
  if (lang === undefined) complain(langAt, 'names no language; add it to the title, such as (en)');
  else if (!isLanguage(lang)) {
    complain(langAt, `${JSON.stringify(lang)} is no language code; write one such as en or pt-BR`);
  }
  if (body.replace(/^#.*$/gm, '').trim() === '') complain(at(0), 'says nothing about who the agent is');
  for (const [line, text] of body.split('\n').entries()) {
    if (hasControls(text, false)) complain(at(line), 'holds a control character');
  }
  return problems;
}

/** These may have several lines. */
const spokenKeys: ReadonlySet<string> = new Set(['opening', 'goal']);

function hasControls(text: string, mayBreakLines: boolean): boolean {
  return /\p{Cc}/u.test(text.replace(mayBreakLines ? /[\t\n]/g : /\t/g, ' '));
}

interface Parts {
  readonly frontMatter: FrontMatter;
  readonly body: string;
  /** The line of the file on which the body begins, from 1. */
  readonly bodyLine: number;
  /** Knows where the front matter says what. */
  readonly yaml: PositionedYaml;
}

function readParts(file: string, shown: string): Parts {
  return partsOf(readBounded(file, shown), shown);
}

function partsOf(written: string, shown: string): Parts {
  const text = written.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const match = /^---[ \t]*\n([^]*?)^---[ \t]*$\n?/m.exec(text);
  // A rule of dashes further down is no front matter.
  const [above, yamlText] = match?.index === 0 ? [match[0], match[1] ?? ''] : ['', ''];
  const rest = text.slice(above.length);
  const bodyLine = above.split('\n').length + leadingLines(rest);
  // The line of dashes counts, so that positions are those of the file.
  const yaml = readPositionedYaml(`\n${yamlText}`, shown);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  const value = yaml.value ?? {};
  const parsed = frontMatterSchema.safeParse(value);
  const issues = parsed.error ? describeProblems(parsed.error, value, frontMatterSchema, yaml) : [];
  const problems = [...yaml.problems, ...issues].sort(byPosition);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return { frontMatter: parsed.data, body: rest.trim(), bodyLine, yaml };
}

function readBounded(file: string, shown: string): string {
  refuseLong(statSync(file, { throwIfNoEntry: false })?.size ?? 0, shown);
  return readTextFile(file, shown);
}

function refuseLong(bytes: number, shown: string): void {
  if (bytes <= maxPersonaBytes) return;
  throw new ConfigError([
    { where: shown, message: `has ${bytes} bytes; a persona may have ${maxPersonaBytes}` },
  ]);
}

/** A persona written for another program explains the control messages itself. */
function bringsInstructions({ instructions }: FrontMatter, body: string): boolean {
  if (instructions !== undefined) return !instructions;
  return hasInstructionsHeading(body) || (body.includes('/start') && body.includes('/bye'));
}

/** What all personas share stands beside the persona, or comes with the package. */
function readInstructions(file: string): string | undefined {
  const beside = path.join(path.dirname(file), '_instructions.md');
  const shared =
    file !== '' && existsSync(beside) ? beside : path.join(packageRoot, 'personas', '_instructions.md');
  return readBounded(shared, shared).trim();
}

/** Whether a tag means a language: `en`, `pt-BR`, not `klingonish`. */
export function isLanguage(tag: string): boolean {
  try {
    return new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(tag) !== undefined;
  } catch {
    return false;
  }
}

function showPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.startsWith('..') ? file : relative;
}

function leadingLines(text: string): number {
  return text.slice(0, text.length - text.trimStart().length).split('\n').length - 1;
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never;
}
