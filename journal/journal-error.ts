import { ColloquyError, messageOf } from '../wire/errors.ts';

/** `journal-full` where room helps, which is retryable; `journal-failed` otherwise. */
export function journalError(file: string, what: string, error: unknown): ColloquyError {
  return error instanceof ColloquyError ? error : toJournalError(`the journal ${file} ${what}`, error);
}

export function toJournalError(sentence: string, cause: unknown): ColloquyError {
  const remedy = remedies.get((cause as NodeJS.ErrnoException).code ?? '');
  if (remedy === undefined) {
    return new ColloquyError(`${sentence}: ${messageOf(cause)}`, { code: 'journal-failed', cause });
  }
  return new ColloquyError(`${sentence}: ${remedy}`, { code: 'journal-full', retryable: true, cause });
}

const remedies: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full; make room on it'],
  ['EDQUOT', 'the disk quota is used up; make room or have it raised'],
  ['EFBIG', 'no file may be that large here; raise the limit (prlimit --fsize)'],
]);
