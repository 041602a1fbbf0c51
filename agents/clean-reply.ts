/**
 * Takes out of a reply what a model's template put there and nobody should hear: control tokens and
 * thinking. What stands in code is left alone, and so is any markup that a person could mean.
 */
export interface ReplyCleaner {
  /** The words that are certain now. `restart`: all that was given before turned out to be thinking. */
  push(piece: string): { readonly text: string; readonly restart: boolean };
  /** What was still held back, and the whole cleaned reply. */
  end(): { readonly rest: string; readonly text: string };
}

type Mode =
  | { readonly type: 'prose' }
  | { readonly type: 'thinking' }
  /** Until the same marks come again: backticks in a line, or a fence at the start of one. */
  | { readonly type: 'code'; readonly marks: string; readonly isFence: boolean };

/** Tokens of the chat templates of Llama, Mistral, Gemma, Qwen, Phi and their kin. */
const templateToken =
  /^(?:<\|[\w .-]{1,40}\|>|<\/?(?:bos|eos|start_of_turn|end_of_turn)>|<<\/?SYS>>|\[\/?INST\])(?:(?<=im_start\|>|header_id\|>|start_of_turn>)(?:assistant|model|user|system)(?![\w])\n?)?/;
const thinkingStart = /^<(?:think|thinking)>/;
const thinkingEnd = /^<\/(?:think|thinking)>/;

/** Whether `text` may still grow into one of the above. None is longer than this. */
const longestToken = 64;
const tokenStart =
  /^(?:<\|?[\w .-]*\|?|<\/?[a-z_]*|<<\/?S?Y?S?>?|\[\/?I?N?S?T?|<\|(?:im_start|start_header_id|end_header_id)\|>[a-z]*|<start_of_turn>[a-z]*)$/;

/** Cleans a reply that has come whole. */
export function cleanReply(text: string): string {
  const cleaner = createReplyCleaner();
  cleaner.push(text);
  return cleaner.end().text;
}

export function createReplyCleaner(): ReplyCleaner {
  let pending = '';
  let mode: Mode = { type: 'prose' };
  let atLineStart = true;
  let whole = '';
  /** White space and `</s>`, which are only worth something if words follow. */
  let held = '';
  let given = '';
  let restart = false;

  const emit = (text: string): void => {
    if (text === '') return;
    atLineStart = text.endsWith('\n') || (atLineStart && text.trim() === '');
    held += text;
    const solid = /^[^]*\S/.exec(held.replace(/(?:\s|<\/s>)*$/, ''))?.[0] ?? '';
    if (solid === '') return;
    const words = whole === '' ? solid.replace(/^(?:\s|<s>)+/, '') : solid;
    held = held.slice(solid.length);
    whole += words;
    given += words;
  };
  const take = (length: number): string => {
    const text = pending.slice(0, length);
    pending = pending.slice(length);
    return text;
  };

  /** One step; false when more must come first. `isLast`: nothing more will. */
  const step = (isLast: boolean): boolean => {
    if (pending === '') return false;
    switch (mode.type) {
      case 'thinking': {
        const end = /<\/(?:think|thinking)>/.exec(pending);
        if (end) {
          take(end.index + end[0].length);
          mode = { type: 'prose' };
          return true;
        }
        take(Math.max(0, pending.length - '</thinking>'.length));
        return false;
      }
      case 'code':
        return stepInCode(mode.marks, mode.isFence, isLast);
      case 'prose':
        return stepInProse(isLast);
    }
  };

  const stepInCode = (marks: string, isFence: boolean, isLast: boolean): boolean => {
    const [mark = '`'] = marks;
    const next = pending.search(mark === '`' ? /`/ : /~/);
    if (next !== 0) {
      const plain = next < 0 ? pending : pending.slice(0, next);
      // A paragraph ends whatever backtick in a line was left open.
      const blank = isFence ? -1 : plain.search(/\n[ \t]*\n/);
      emit(take(blank >= 0 ? blank + 1 : plain.length));
      if (blank >= 0) mode = { type: 'prose' };
      return pending !== '';
    }
    const run = /^(`+|~+)/.exec(pending)?.[0] ?? '';
    if (run.length === pending.length && !isLast) return false;
    const closes = isFence ? atLineStart && run.length >= marks.length : run.length === marks.length;
    emit(take(run.length));
    if (closes) mode = { type: 'prose' };
    return true;
  };

  const stepInProse = (isLast: boolean): boolean => {
    const next = pending.search(/[<[`~]/);
    if (next !== 0) {
      emit(take(next < 0 ? pending.length : next));
      return pending !== '';
    }
    if (/^[`~]/.test(pending)) {
      const run = /^(`+|~+)/.exec(pending)?.[0] ?? '';
      if (run.length === pending.length && !isLast) return false;
      const isFence = run.length >= 3 && atLineStart;
      if (isFence || run.startsWith('`')) mode = { type: 'code', marks: run, isFence };
      emit(take(run.length));
      return true;
    }
    return stepAtToken(isLast);
  };

  const stepAtToken = (isLast: boolean): boolean => {
    if (!isLast && pending.length < longestToken && tokenStart.test(pending)) return false;
    const token = templateToken.exec(pending) ?? thinkingStart.exec(pending) ?? thinkingEnd.exec(pending);
    if (!token) {
      emit(take(1));
      return true;
    }
    take(token[0].length);
    if (thinkingStart.test(token[0])) mode = { type: 'thinking' };
    // Some templates begin the thinking themselves, so that only its end is seen.
    if (thinkingEnd.test(token[0])) {
      restart = true;
      whole = '';
      held = '';
      given = '';
    }
    return true;
  };

  return {
    push(piece) {
      pending += piece;
      given = '';
      restart = false;
      while (step(false));
      return { text: given, restart };
    },
    end() {
      given = '';
      while (step(true));
      return { rest: given, text: whole };
    },
  };
}
