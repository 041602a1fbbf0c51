import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
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
  const problems = document.errors.map(({ pos, message }) => ({
    where: at(pos[0]),
    message: message.split('\n')[0] ?? '',
  }));
  const isMisspelt = document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  const value = isMisspelt ? undefined : toValue(document, problems, name);
  return {
    value,
    problems,
    isBroken: isMisspelt || problems.length > document.errors.length,
    locate: (path, what) => at(offsetOf(document, path, what)),
  };
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
