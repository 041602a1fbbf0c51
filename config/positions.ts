import {
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml';
import type { ConfigProblem } from './errors.ts';

/** A YAML file that remembers where everything stands. */
export interface PositionedYaml {
  /** What the file says, undefined when it is empty. */
  readonly value: unknown;
  /** Mistakes of YAML itself, as `file:line:column`. */
  readonly problems: readonly ConfigProblem[];
  /** Whether those mistakes leave no sense to the rest. A key that stands there twice does not. */
  readonly isBroken: boolean;
  /** `file:line:column` of a value, or of a key, or of what comes nearest. */
  locate(path: readonly PropertyKey[], what: 'key' | 'value'): string;
}

/** Reads YAML; `name` is what problems call the file. */
export function readPositionedYaml(text: string, name: string): PositionedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const problems = withoutEchoes(document.errors).map((error) => ({
    where: at(error.pos[0]),
    message: describeError(error, document),
  }));
  const isMisspelt = document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  const looseAliases = isMisspelt ? [] : findLooseAliases(document);
  problems.push(...looseAliases.map((offset) => ({ where: at(offset), message: noAnchor })));
  const hasValue = !isMisspelt && looseAliases.length === 0;
  const value = hasValue ? toValue(document, problems, name) : undefined;
  return {
    value,
    problems,
    isBroken: isMisspelt || problems.length > document.errors.length,
    locate: (path, what) => at(offsetOf(document, path, what)),
  };
}

/** What is nested too deeply fails at every level; once is enough. */
function withoutEchoes(errors: readonly YAMLError[]): readonly YAMLError[] {
  const innermost = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return innermost ? [innermost] : errors;
}

function describeError({ code, pos, message }: YAMLError, document: Document): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return `key ${JSON.stringify(keyAt(document, pos[0]))} stands here twice`;
    case 'MULTIPLE_DOCS':
      return 'begins a second document; there may be only one';
    case 'RESOURCE_EXHAUSTION':
      return 'is nested too deeply';
    default:
      return message.split('\n')[0] ?? '';
  }
}

function keyAt(document: Document, offset: number): unknown {
  let found: unknown;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || key.range?.[0] !== offset) return undefined;
      found = key.value;
      return visit.BREAK;
    },
  });
  return found;
}

/** The name stays out of it: it may be a key that begins with a star. */
const noAnchor = 'is an alias without an anchor before it; put a text that begins with * in quotation marks';

/** The offsets of aliases that no anchored value stands before. */
function findLooseAliases(document: Document): readonly number[] {
  const endsOfAnchored = new Map<string, number>();
  const offsets: number[] = [];
  visit(document, {
    Alias: (_, node) => {
      const offset = startOf(node) ?? 0;
      // One inside of what it stands for would have no end.
      if ((endsOfAnchored.get(node.source) ?? Infinity) > offset) offsets.push(offset);
    },
    Value: (_, { anchor, range }) => {
      if (anchor !== undefined) endsOfAnchored.set(anchor, range?.[1] ?? Infinity);
    },
  });
  return offsets;
}

function toValue(document: Document, problems: ConfigProblem[], name: string): unknown {
  try {
    // Bounds what a few aliases of aliases can grow to.
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    problems.push({ where: `${name}:1:1`, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function offsetOf(document: Document, path: readonly PropertyKey[], what: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    if (!isMap(node)) {
      node = typeof key === 'number' ? (node as { items?: unknown[] } | null)?.items?.[key] : undefined;
    } else {
      const pair = node.items.find((item) =>
        isScalar(item.key) ? String(item.key.value) === String(key) : false,
      );
      const wantsKey = what === 'key' && depth === path.length - 1;
      node = wantsKey ? pair?.key : pair?.value;
    }
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
