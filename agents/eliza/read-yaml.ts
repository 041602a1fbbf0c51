import { closest, distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { badScript } from './bad-script.ts';

export type YamlPath = readonly (string | number)[];

export interface YamlFile<Content> {
  readonly content: Content;
  /** Refuses the file for what stands at this path. */
  readonly complain: (at: YamlPath, problem: string) => never;
}

/**
 * Reads YAML strictly. Throws ColloquyError `bad-script` with a line `path:line:column problem` for each
 * mistake: wrong syntax, a key twice, an unknown key, a missing one, a value of the wrong kind.
 */
export function readYaml<Content>(
  source: string,
  path: string,
  schema: z.ZodType<Content>,
): YamlFile<Content> {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const placeOf = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const [syntax] = document.errors;
  if (syntax) throw badScript(path, placeOf(syntax.pos[0]), syntax.message);
  const problemAt = (at: YamlPath, problem: string) =>
    badScript(path, placeOf(offsetOf(document, at)), problem);

  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) {
    const problems = parsed.error.issues
      .flatMap((issue) => describe(issue, schema))
      .map(({ at, problem }) => problemAt(at, problem).message);
    throw new ColloquyError(problems.join('\n'), { code: 'bad-script' });
  }
  return {
    content: parsed.data,
    complain(at, problem) {
      throw problemAt(at, problem);
    },
  };
}

type Issue = z.ZodError['issues'][number];

function describe(issue: Issue, schema: z.ZodType): { at: YamlPath; problem: string }[] {
  const at = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code !== 'unrecognized_keys') {
    const key = at.findLast((step) => typeof step === 'string');
    if (key === undefined) return [{ at, problem: issue.message }];
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [{ at, problem: isMissing ? `"${key}" is missing` : `${key}: ${issue.message}` }];
  }
  return issue.keys.map((key) => ({ at: [...at, key], problem: `unknown key "${key}"${hint(key, schema)}` }));
}

/** What a mistyped key was probably meant to be, among all that the schema knows anywhere. */
function hint(key: string, schema: z.ZodType): string {
  const known = [...keysOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))];
  const nearest = known.length > 0 ? closest(key, known) : '';
  return distance(key, nearest) <= 2 ? `, did you mean "${nearest}"?` : '';
}

function* keysOf(jsonSchema: unknown): Generator<string> {
  if (typeof jsonSchema !== 'object' || jsonSchema === null) return;
  for (const [name, value] of Object.entries(jsonSchema)) {
    if (name === 'properties') yield* Object.keys(value as object);
    yield* keysOf(value);
  }
}

/** Where the value at a path begins, its key, or whatever of the path is there. */
function offsetOf(document: Document, at: YamlPath): number {
  const parent = at.length > 1 ? document.getIn(at.slice(0, -1), true) : document.contents;
  const last = at.at(-1);
  if (isMap(parent) && last !== undefined) {
    const key = parent.items.find(
      (pair) => isScalar(pair.key) && String(pair.key.value) === String(last),
    )?.key;
    if (isNode(key)) return key.range?.[0] ?? 0;
  }
  const node = at.length === 0 ? document.contents : document.getIn(at, true);
  if (isNode(node)) return node.range?.[0] ?? 0;
  return at.length === 0 ? 0 : offsetOf(document, at.slice(0, -1));
}
