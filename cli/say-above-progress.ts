import { visibleLine } from '../journal/render/visible-controls.ts';

/** A sentence on stderr, on a line of its own where a line of progress is drawn. What is in it may be somebody else's. */
export function sayAboveProgress(sentence: string): void {
  const clear = process.stdout.isTTY ? '\r\u001b[K' : '';
  process.stderr.write(`${clear}${visibleLine(sentence)}\n`);
}
