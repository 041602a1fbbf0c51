/** Where a program has what, told without parsing it: enough to find its statements. */
export interface Mask {
  /** The code with its strings, comments and regular expressions blanked out, every character in its place. */
  readonly text: string;
  /** How many brackets of any kind are open before each character. */
  readonly depths: readonly number[];
  /** Whether each character lies in the body of a function or class. */
  readonly inFunction: readonly boolean[];
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
/** After these words a slash starts a regular expression. */
const beforeExpression =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;
const controlHead = /(?:^|[^\w$.])(?:if|for|while|switch|with|catch|await)\s*$/;

export function maskCode(code: string): Mask {
  const text = blank(code);
  const depths: number[] = [];
  const inFunction: boolean[] = [];
  const open: { readonly sign: string; readonly at: number; readonly isFunction: boolean }[] = [];
  let lastClosed = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at);
    if (open.length > 0 && closing[open.at(-1)?.sign ?? ''] === sign) lastClosed = open.pop()?.at ?? 0;
    depths.push(open.length);
    inFunction.push(open.some(({ isFunction }) => isFunction));
    if (sign in closing)
      open.push({ sign, at, isFunction: sign === '{' && startsFunction(text, at, lastClosed) });
  }
  return { text, depths, inFunction };
}

/** A brace after an arrow, a class's head, or the parameters of something that is no `if` or loop. */
function startsFunction(text: string, at: number, parametersAt: number): boolean {
  const before = text.slice(0, at).trimEnd();
  if (before.endsWith('=>') || /\bclass\b[^{};]*$/.test(before)) return true;
  return before.endsWith(')') && !controlHead.test(text.slice(0, parametersAt));
}

/** Template literals keep the code in their `${}`. */
function blank(code: string): string {
  let text = '';
  /** For each template literal that is open: how many braces are, within its innermost `${}`. */
  const templates: number[] = [];
  const take = (end: number): void => {
    text += code.slice(text.length, end).replace(/[^\n]/g, ' ');
  };
  while (text.length < code.length) {
    const at = text.length;
    const sign = code.charAt(at);
    const two = code.slice(at, at + 2);
    if (two === '//') take(indexOr(code, '\n', at));
    else if (two === '/*') take(indexOr(code, '*/', at + 2, 2));
    else if (sign === '"' || sign === "'") take(endOf(code, at, sign));
    else if (sign === '/' && startsRegularExpression(text)) take(endOf(code, at, '/'));
    else if (sign === '`' || (sign === '}' && templates.at(-1) === 0)) {
      if (sign === '}') templates.pop();
      // A backquote stands for the whole, so that a value is still seen here.
      text += sign === '`' ? '"' : ')';
      const end = endOfTemplate(code, at + 1);
      take(end);
      if (code.slice(end, end + 2) === '${') {
        templates.push(0);
        text += '+(';
      } else if (end < code.length) text += '"';
    } else {
      const last = templates.length - 1;
      if (last >= 0 && sign === '{') templates[last] = (templates[last] ?? 0) + 1;
      if (last >= 0 && sign === '}') templates[last] = (templates[last] ?? 0) - 1;
      text += sign;
    }
  }
  return text;
}

function endOf(code: string, from: number, quote: string): number {
  let inClass = false;
  for (let at = from + 1; at < code.length; at++) {
    const sign = code.charAt(at);
    if (sign === '\\') at++;
    else if (sign === '\n') return at;
    else if (quote === '/' && sign === '[') inClass = true;
    else if (quote === '/' && sign === ']') inClass = false;
    else if (sign === quote && !inClass) return at + 1;
  }
  return code.length;
}

function endOfTemplate(code: string, from: number): number {
  for (let at = from; at < code.length; at++) {
    if (code.charAt(at) === '\\') at++;
    else if (code.charAt(at) === '`' || code.slice(at, at + 2) === '${') return at;
  }
  return code.length;
}

function startsRegularExpression(before: string): boolean {
  const trimmed = before.trimEnd();
  return trimmed === '' || /[(,=:[!&|?{};+\-*%~^<>]$/.test(trimmed) || beforeExpression.test(trimmed);
}

function indexOr(code: string, mark: string, from: number, more = 0): number {
  const at = code.indexOf(mark, from);
  return at < 0 ? code.length : at + more;
}
