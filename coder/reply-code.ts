import { readPieces } from '../sidecar/fences.ts';

/**
 * The program in a reply: the longest block of Python, or of no language. A reply without any fence is taken
 * for a program where it looks like one. Undefined: there is none.
 */
export function codeOf(reply: string): string | undefined {
  const text = reply.replaceAll('\uFEFF', '');
  const fences = readPieces(text).filter((piece) => piece.type === 'fence');
  const python = fences.filter(({ info }) => /^[{.\s]*(?:i?python|py)[\d.]*\b/i.test(info));
  const candidates = python.length > 0 ? python : fences.filter(({ info }) => info === '');
  // What a program prints stands in a block of no language too, and may be longer than the program.
  const [best] = candidates
    .map(({ lines }) => lines.join('\n'))
    .map((block) => ({ block, isLikely: python.length > 0 || looksLikeCode(block) }))
    .sort(
      (one, other) => Number(other.isLikely) - Number(one.isLikely) || other.block.length - one.block.length,
    );
  const code = best?.block ?? (fences.length === 0 && looksLikeCode(text) ? text : undefined);
  return code === undefined || code.trim() === '' ? undefined : `${code.trimEnd()}\n`;
}

function looksLikeCode(text: string): boolean {
  return /^(?:#!|import\s+\w|from\s+[\w.]+\s+import\s|(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(]|print\s*\(|[A-Za-z_]\w*\s*=\s*\S|(?:for|if|while|with)\s[^\n]*:[ \t\r]*$)/m.test(
    text,
  );
}
