import type { BlockKind } from '../journal/block.ts';

/** A line that says what the fenced block below it is for. */
export interface Marker {
  readonly kind: BlockKind;
  /** In capitals, and so meant as a marker even where no block follows. */
  readonly isShouted: boolean;
  /** Where a fence opens on the same line: its beginning in the line. */
  readonly fenceAt?: number;
}

/** The words as they are shown to authors. */
export const markerWords = { code: 'RUN-CODE', test: 'TEST-ASSERT' } as const satisfies Record<
  BlockKind,
  string
>;

/** Whether `text` names a marker at all: a quick look, so that other turns cost nothing. */
export function containsMarker(text: string): boolean {
  return findMarker(text) !== null;
}

/**
 * Reads a line that is a marker and nothing else. Around the word may stand what Markdown and models put
 * there: list bullets and numbers, `>`, `#`, stars, underscores, backticks, brackets, a colon, a number. In
 * a sentence it is a word like any other.
 */
export function readMarker(line: string): Marker | undefined {
  const found = findMarker(line);
  if (!found || found.index > longestLead || !decoratedLead.test(line.slice(0, found.index)))
    return undefined;
  const kind = found[0].toUpperCase().startsWith('RUN') ? 'code' : 'test';
  const isShouted = found[0] === found[0].toUpperCase();
  const end = found.index + found[0].length;
  const fenceAt = line.slice(0, found.index).includes('```') ? -1 : line.slice(end).search(/```|~~~/);
  const tail = line.slice(end, fenceAt < 0 ? undefined : end + fenceAt).trim();
  if (tail.length > longestTail || !decoratedTail.test(tail)) return undefined;
  return { kind, isShouted, ...(fenceAt >= 0 && { fenceAt: end + fenceAt }) };
}

/** The kind that a line begins with, whatever follows: `RUN-CODE: this prints the sum`. */
export function beginsLikeMarker(line: string): BlockKind | undefined {
  const found = findMarker(line);
  if (!found || found.index > longestLead || !decoratedLead.test(line.slice(0, found.index)))
    return undefined;
  if (found[0] !== found[0].toUpperCase()) return undefined;
  return found[0].startsWith('RUN') ? 'code' : 'test';
}

function findMarker(text: string): RegExpExecArray | null {
  return anyMarker.exec(text) ?? spacedMarker.exec(text);
}

/** Some models write an underscore, or U+2010 to U+2013, where people write a hyphen. */
const anyMarker = /(?<![A-Za-z0-9])(?:RUN[-_\u2010-\u2013]CODE|TEST[-_\u2010-\u2013]ASSERT)(?![A-Za-z0-9])/i;
/** Not in small letters: "run code" is a pair of words. */
const spacedMarker = /(?<![A-Za-z0-9])(?:RUN CODE|TEST ASSERT)(?![A-Za-z0-9])/;

// Both patterns are tried on short texts only: on long ones they would take time with their square.
const longestLead = 60;
const longestTail = 60;
const decoratedLead = /^[\s\u200b>*_`#=+[-]*(?:\d{1,9}[.)])?[\s\u200b>*_`#=+[-]*$/;
const decoratedTail = /^[\s\u200b*_`\]:]*(?:[#(]?\d{1,3}[).]?)?[\s\u200b*_`\]:.=#-]*$/;
