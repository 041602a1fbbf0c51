import { maskCode, type Mask } from './javascript-mask.ts';

/** A block as a script that can be run in the global scope, again and again. */
export interface Prepared {
  readonly script: string;
  /** The script's value is a promise of the block's end. */
  readonly isAsync: boolean;
  /** Whether the value of the script is that of an expression, rather than a loop's or nothing. */
  readonly hasValue: boolean;
  readonly isEmpty: boolean;
  /** Names that the block declares. */
  readonly names: readonly string[];
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What `import` becomes: a function on the global object. */
export const importName = '$import';

const declaration = /(?<![\w$.])(let|const|var|class|function|async\s+function|import|export)(?![\w$])/g;
const statementWords =
  /^(?:var|let|const|class|function|async\s+function|if|for|while|do|switch|try|throw|return|import|export|with|break|continue|debugger|else|catch|finally)(?![\w$])/;
/** Such a line goes on with the one before. */
const continuation = /^(?:[+\-*/%<>=&|^?:,.()[\]};"`]|in\b|instanceof\b|else\b|catch\b|finally\b|while\b)/;

/**
 * Makes what a block declares live on in the next one, and may be declared anew: `let`, `const` and `class`
 * become `var`, imports of what may be imported become calls. With `await` at top level, the block runs in
 * an async function whose names are looked up on the global object.
 *
 * `compiles` says whether a text is a script. Lines keep their numbers.
 */
export function prepareScript(code: string, compiles: (script: string) => boolean): Prepared {
  const mask = maskCode(code);
  const { edits, names } = rewrite(code, mask);
  const isEmpty = mask.text.replaceAll(/[;\s{}"]/g, '') === '';
  const script = apply(code, edits);
  const last = findLastExpression(code, mask, edits, compiles);
  const common = { hasValue: last !== undefined, isEmpty, names };
  const isAsync = [...mask.text.matchAll(/(?<![\w$.])await(?![\w$])/g)].some(
    ({ index }) => mask.inFunction[index] === false,
  );
  if (!isAsync) return { ...common, script, isAsync };
  const body =
    last === undefined
      ? script
      : `${apply(code.slice(0, last), before(edits, last))};return (${apply(code, edits, last).replace(/[;\s]*$/, '')}\n)`;
  const declare = names.map(
    (name) =>
      `if (!(${JSON.stringify(name)} in globalThis)) globalThis[${JSON.stringify(name)}] = undefined;`,
  );
  const functions = functionNames(mask).map((name) => `globalThis[${JSON.stringify(name)}] = ${name};`);
  return {
    ...common,
    isAsync,
    script: `${declare.join('')}(async () => { with (globalThis) { ${functions.join('')} ${body}\n} })()`,
  };
}

function rewrite(code: string, { text, depths, inFunction }: Mask): { edits: Edit[]; names: string[] } {
  const edits: Edit[] = [];
  const names: string[] = [];
  for (const match of text.matchAll(declaration)) {
    const { index: from } = match;
    const word = match[1] ?? '';
    const to = from + word.length;
    if (word === 'var' && inFunction[from] === false) names.push(...declaredNames(text, to));
    if (word === 'import' && text.slice(to).trimStart().startsWith('(')) {
      edits.push({ from, to, text: importName + 'Later' });
      continue;
    }
    if (depths[from] !== 0) continue;
    if (word === 'let' || word === 'const') {
      edits.push({ from, to, text: 'var'.padEnd(word.length) });
      names.push(...declaredNames(text, to));
    } else if (word === 'class') {
      const edit = rewriteClass(text, from, to, depths);
      edits.push(...edit.edits);
      names.push(...edit.names);
    } else if (word === 'import') {
      const edit = rewriteImport(code, from);
      if (edit) edits.push(edit);
    } else if (word === 'export') {
      const whole = /^export(?:\s+default)?(?![\w$])/.exec(text.slice(from))?.[0] ?? word;
      edits.push({ from, to: from + whole.length, text: ' '.repeat(whole.length) });
    }
  }
  return { edits, names: [...new Set(names)] };
}

/** Too many at worst, such as the keys of a pattern: a name too many does no harm. */
function declaredNames(text: string, from: number): string[] {
  const end = text.slice(from).search(/;|\n(?!\s*[,.=[{}\])])/);
  const declared = text.slice(from, end < 0 ? undefined : from + end);
  return [...declared.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)]
    .map(([name]) => name)
    .filter((name, index, all) => all.indexOf(name) === index && !isReserved(name));
}

function rewriteClass(
  text: string,
  from: number,
  to: number,
  depths: readonly number[],
): { edits: Edit[]; names: string[] } {
  const name = /^\s+([\w$]+)/.exec(text.slice(to))?.[1];
  const isStatement = /(?:^|[;{}\n)]|export|default)\s*$/.test(text.slice(0, from).replace(/[ \t]+$/, ''));
  if (name === undefined || name === 'extends' || !isStatement) return { edits: [], names: [] };
  let end = text.indexOf('{', to);
  while (end < text.length && !(text.charAt(end) === '}' && depths[end] === 0)) end++;
  return {
    edits: [
      { from, to: from, text: `var ${name} = ` },
      { from: end + 1, to: end + 1, text: ';' },
    ],
    names: [name],
  };
}

function rewriteImport(code: string, from: number): Edit | undefined {
  const form =
    /^import\s+(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)\s*|\{([^}]*)\}\s*)?(?:from\s*)?(['"])([^'"\n]+)\4\s*?;?/;
  const match = form.exec(code.slice(from));
  if (!match) return undefined;
  const [whole, byDefault, namespace, named, , module] = match;
  const call = `${importName}(${JSON.stringify(module)})`;
  const parts = [
    ...(byDefault ? [`${byDefault} = ${call}.default`] : []),
    ...(namespace ? [`${namespace} = ${call}`] : []),
    ...(named === undefined
      ? []
      : [`{${named.replaceAll(/\s+as\s+/g, ': ').replaceAll(/\s+/g, ' ')}} = ${call}`]),
  ];
  const lines = '\n'.repeat(whole.split('\n').length - 1);
  const text = `${parts.length === 0 ? call : `var ${parts.join(', ')}`};${lines}`;
  return { from, to: from + whole.length, text };
}

/** Where the last statement starts, if it is an expression. */
function findLastExpression(
  code: string,
  { text, depths }: Mask,
  edits: readonly Edit[],
  compiles: (script: string) => boolean,
): number | undefined {
  const end = text.replace(/[;\s]+$/, '').length;
  // A program is short; a data set is not worth the search.
  let candidates = 200;
  for (let at = end - 1; at >= 0 && candidates > 0; at--) {
    const isStart = at === 0 || (depths[at] === 0 && /[;\n}]/.test(text.charAt(at - 1)));
    const rest = text.slice(at, end).trimStart();
    if (!isStart || rest === '' || text.charAt(at) === '\n') continue;
    if (/^\s/.test(text.charAt(at)) && at > 0 && /[ \t]/.test(text.charAt(at - 1))) continue;
    candidates--;
    if (continuation.test(rest) && !/^["`([]/.test(rest)) continue;
    const tail = apply(code, edits, at).replace(/[;\s]*$/, '');
    const head = apply(code.slice(0, at), before(edits, at));
    const isExpression = compiles(`async () => (${tail}\n)`);
    if (!compiles(`async () => {${head}\n}`)) continue;
    return isExpression && !statementWords.test(rest) && !rest.startsWith('{') ? at : undefined;
  }
  return undefined;
}

function functionNames({ text, depths }: Mask): string[] {
  return [...text.matchAll(/(?<![\w$.])function\s*\*?\s*([\w$]+)/g)]
    .filter(({ index }) => depths[index] === 0 && /(?:^|[;}\n]|async)\s*$/.test(text.slice(0, index)))
    .map(([, name]) => name ?? '');
}

function before(edits: readonly Edit[], at: number): Edit[] {
  return edits.filter(({ to }) => to <= at);
}

function apply(code: string, edits: readonly Edit[], from = 0): string {
  let result = '';
  let at = from;
  for (const edit of edits.filter((each) => each.from >= from).sort((a, b) => a.from - b.from)) {
    result += code.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + code.slice(at);
}

function isReserved(name: string): boolean {
  return /^(?:await|async|new|function|class|typeof|void|delete|in|of|instanceof|this|null|true|false|undefined|return|yield|super|if|else|for|while|let|const|var|import|export|NaN|Infinity|globalThis)$/.test(
    name,
  );
}
