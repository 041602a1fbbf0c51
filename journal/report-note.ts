import { problemsHeading, resultsHeading } from './block.ts';

/**
 * The two parts of the note that tells an author what became of its code: the results, which the partner is
 * told as well, and what could not be taken for a block. Undefined for any other note.
 */
export function splitReport(
  note: string,
): { readonly results: string; readonly problems: string } | undefined {
  if (!note.startsWith(`${resultsHeading}\n`)) {
    return problemsOnly.test(note) ? { results: '', problems: note } : undefined;
  }
  const at = note.lastIndexOf(`\n\n${problemsHeading}\n`);
  const problems = at < 0 ? '' : note.slice(at + 2);
  const hasProblems = problemsOnly.test(problems);
  const results = note.slice(resultsHeading.length, hasProblems ? at : undefined).replace(/^\n+/, '');
  return { results, problems: hasProblems ? problems : '' };
}

/** To the very end: a program that prints the same words prints them inside a fence. */
const problemsOnly = /^Not run:(?:\n[Ll]ine \d+: .*)+$/;
