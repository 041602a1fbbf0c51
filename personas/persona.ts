import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition, describeProblems } from '../config/issues.ts';
import { packageRoot } from '../config/paths.ts';
import { readPositionedYaml } from '../config/positions.ts';
import { serviceNames, type ServiceName } from '../config/service-names.ts';
import { decodeUtf8 } from '../wire/frame.ts';
import { messageOf } from '../wire/errors.ts';

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
  opening: z.string().min(1).optional(),
  goal: z.string().min(1).optional(),
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
  const { frontMatter, body } = readParts(file, shown);
  const title = parseTitle(body);
  const instructions = bringsInstructions(frontMatter, body) ? undefined : readInstructions(file);
  const goal = frontMatter.goal === undefined ? undefined : `## Your goal\n\n${frontMatter.goal}`;
  const text = [instructions, body, goal].filter((part) => part !== undefined && part !== '').join('\n\n');
  if (text.trim() === '')
    throw new ConfigError([{ where: shown, message: 'is empty; write who the agent is' }]);
  return withoutUndefined({
    file,
    name: frontMatter.name ?? title.name ?? path.parse(file).name,
    kind: title.kind,
    lang: frontMatter.lang ?? title.lang,
    gender: frontMatter.gender ?? title.gender,
    text,
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
    const persona = loadPersona(nameOrFile, { cwd });
    const shown = showPath(persona.file, cwd);
    const { body, bodyLine, frontMatter } = readParts(persona.file, shown);
    const problems: ConfigProblem[] = [];
    const complain = (line: number, message: string): void =>
      void problems.push({ where: `${shown}:${line}:1`, message });
    const titleLine =
      bodyLine +
      Math.max(
        0,
        body.split('\n').findIndex((line) => line.startsWith('# ')),
      );
    if (frontMatter.name === undefined && parseTitle(body).name === undefined) {
      complain(bodyLine, 'has no title; begin it with "# Kind Persona: Name (lang) [gender]"');
    }
    if (persona.lang === undefined)
      complain(titleLine, 'names no language; add it to the title, such as (en)');
    else if (!isLanguage(persona.lang))
      complain(titleLine, `"${persona.lang}" is no language code; write one such as en or pt-BR`);
    if (body.replace(/^#.*$/gm, '').trim() === '') complain(bodyLine, 'says nothing about who the agent is');
    for (const [index, line] of body.split('\n').entries()) {
      if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(line))
        complain(bodyLine + index, 'holds a control character');
    }
    return problems;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

interface Parts {
  readonly frontMatter: FrontMatter;
  readonly body: string;
  /** The line of the file on which the body begins, from 1. */
  readonly bodyLine: number;
}

function readParts(file: string, shown: string): Parts {
  const text = readBounded(file, shown)
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n');
  const match = /^---[ \t]*\n([^]*?)^---[ \t]*$\n?/m.exec(text);
  // A rule of dashes further down is no front matter.
  if (match?.index !== 0) return { frontMatter: {}, body: text.trim(), bodyLine: 1 + leadingLines(text) };
  const rest = text.slice(match[0].length);
  const bodyLine = match[0].split('\n').length + leadingLines(rest);
  // The line of dashes counts, so that positions are those of the file.
  const yaml = readPositionedYaml(`\n${match[1] ?? ''}`, shown);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  const value = yaml.value ?? {};
  const parsed = frontMatterSchema.safeParse(value);
  const issues = parsed.error ? describeProblems(parsed.error, value, frontMatterSchema, yaml) : [];
  const problems = [...yaml.problems, ...issues].sort(byPosition);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return { frontMatter: parsed.data, body: rest.trim(), bodyLine };
}

function readBounded(file: string, shown: string): string {
  try {
    const { size } = statSync(file);
    if (size > maxPersonaBytes) {
      throw new ConfigError([
        { where: shown, message: `has ${size} bytes; a persona may have ${maxPersonaBytes}` },
      ]);
    }
    return decodeUtf8(readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ where: shown, message: `cannot be read: ${messageOf(error)}` }]);
  }
}

/** `# Kind Persona: Name (lang) [gender]`, or whatever the first title is. */
function parseTitle(body: string): { name?: string; kind?: string; lang?: string; gender?: string } {
  const title = /^#[ \t]+(.+?)[ \t]*#*$/m.exec(body)?.[1];
  if (title === undefined) return {};
  const { kind, rest = title } = /^(?<kind>.*?)\s*Persona:\s*(?<rest>.+)$/i.exec(title)?.groups ?? {};
  const groups =
    /^(?<name>.*?)\s*(?:\((?<lang>[^()]*)\))?\s*(?:\[(?<gender>[^[\]]*)\])?\s*$/.exec(rest)?.groups ?? {};
  return withoutUndefined({
    name: groups['name']?.trim() || undefined,
    kind: kind || undefined,
    lang: groups['lang']?.trim() || undefined,
    gender: groups['gender']?.trim() || undefined,
  });
}

/** A persona written for another program explains the control messages itself. */
function bringsInstructions({ instructions }: FrontMatter, body: string): boolean {
  if (instructions !== undefined) return !instructions;
  const hasHeading = /^#{1,6}[ \t]+(?:general[ \t]+)?(?:instructions|control messages)\b/im.test(body);
  return hasHeading || (body.includes('/start') && body.includes('/bye'));
}

/** What all personas share stands beside the persona, or comes with the package. */
function readInstructions(file: string): string | undefined {
  const beside = path.join(path.dirname(file), '_instructions.md');
  const shared = existsSync(beside) ? beside : path.join(packageRoot, 'personas', '_instructions.md');
  return readBounded(shared, shared).trim();
}

function findPersona(nameOrFile: string, cwd: string): string {
  const asFile = path.resolve(cwd, nameOrFile);
  if (existsSync(asFile) && statSync(asFile).isFile()) return asFile;
  const isName = !nameOrFile.includes('/') && !nameOrFile.includes(path.sep);
  const name = path.basename(nameOrFile, '.md');
  const folders = [path.join(cwd, 'personas'), path.join(packageRoot, 'personas')];
  const found = isName
    ? folders.map((folder) => path.join(folder, `${name}.md`)).find(existsSync)
    : undefined;
  if (found !== undefined) return found;
  const known = folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const near = known
    .filter((file) => file.endsWith('.md') && !file.startsWith('_') && file !== 'README.md')
    .map((file) => ({ file, away: distance(path.parse(file).name, name) }))
    .sort((one, other) => one.away - other.away)[0];
  const hint =
    near && near.away <= Math.max(2, name.length / 3) ? `; did you mean personas/${near.file}?` : '';
  throw new ConfigError([{ where: nameOrFile, message: `not found${hint}` }]);
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
