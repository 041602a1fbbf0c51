import { createReplyScanner } from './reply-scanner.ts';

/**
 * Takes out of a reply what a model's template put there and nobody should hear: control tokens and
 * thinking. What stands in code is left alone, and so is any markup that a person could mean.
 */
export interface ReplyCleaner {
  /**
   * The words that are certain now: what was given so far is a beginning of the whole cleaned reply.
   * `restart`: all that was given before turned out to be thinking, and `text` begins anew.
   */
  push(piece: string): { readonly text: string; readonly restart: boolean };
  /** What was still held back, and the whole cleaned reply. */
  end(): { readonly rest: string; readonly text: string; readonly restart: boolean };
  /** What was taken out of it as thinking, so far. */
  readonly thoughts: string;
}

/** Cleans a reply that has come whole. */
export function cleanReply(text: string): string {
  const cleaner = createReplyCleaner();
  cleaner.push(text);
  return cleaner.end().text;
}

/** Takes time in proportion to the length of the reply, in however many pieces it comes. */
export function createReplyCleaner(): ReplyCleaner {
  const scanner = createReplyScanner();
  let whole = '';
  /** White space, `<s>` and `</s>`, which are only worth something between words. */
  let held = '';
  let thoughts = '';

  const clean = (isLast: boolean): { text: string; restart: boolean } => {
    let given = '';
    let restart = false;
    for (let part = scanner.next(isLast); part; part = scanner.next(isLast)) {
      if (part.type === 'void') {
        restart = true;
        thoughts += whole;
        whole = held = given = '';
        continue;
      }
      if (part.type === 'thought') {
        thoughts += part.text;
        continue;
      }
      const solid = part.type === 'text' ? part.text.trimEnd() : '';
      if (solid === '') {
        held += part.text;
        continue;
      }
      const text = whole === '' ? solid.trimStart() : held + solid;
      held = part.text.slice(solid.length);
      whole += text;
      given += text;
    }
    return { text: given, restart };
  };

  return {
    push(piece) {
      scanner.push(piece);
      return clean(false);
    },
    end() {
      const { text: rest, restart } = clean(true);
      return { rest, text: whole, restart };
    },
    get thoughts() {
      return thoughts;
    },
  };
}
