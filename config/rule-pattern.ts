/**
 * A pattern of `execution.block` or `execution.restrict`. `(?i)` in front ignores case, as elsewhere; Node
 * 20 knows no other way to say it in a pattern. Throws SyntaxError.
 */
export function compileRulePattern(pattern: string, flags = 'gm'): RegExp {
  const ignoresCase = pattern.startsWith('(?i)');
  return new RegExp(ignoresCase ? pattern.slice(4) : pattern, ignoresCase ? `${flags}i` : flags);
}

/** What is wrong with it, to be put after its key. */
export function describePatternProblem(pattern: string): string | undefined {
  try {
    return compileRulePattern(pattern).test('')
      ? 'must not match the empty text, which is everywhere'
      : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /s, '') : String(error);
    return `is not a regular expression: ${reason}`;
  }
}
