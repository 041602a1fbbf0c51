/** A stretch of a reply that may be heard, or the news that nothing so far should have been. */
export type ReplyPart =
  /** `sentence` is a `<s>` or `</s>`: a token of the template at either end, markup in between. */
  | { readonly type: 'text' | 'sentence'; readonly text: string }
  /** Not to be heard by the partner. */
  | { readonly type: 'thought'; readonly text: string }
  | { readonly type: 'void' };

export interface ReplyScanner {
  push(piece: string): void;
  /** The next part, once it is certain what it is. `isLast`: no more pieces will come. */
  next(isLast: boolean): ReplyPart | undefined;
}

/** What to do with the beginning of the text that has come. */
type Step =
  | { readonly type: 'keep' | 'drop' | 'sentence'; readonly length: number }
  /** Code begins; it ends with a line of these marks, or more of them. */
  | { readonly type: 'fence'; readonly length: number; readonly marks: string }
  | { readonly type: 'fence-end'; readonly length: number }
  | { readonly type: 'thought'; readonly length: number }
  /** Thinking ends here whose beginning stood in the template. */
  | { readonly type: 'void'; readonly length: number }
  /** Undecided: more must come. */
  | { readonly type: 'wait'; readonly length: 0 };

/** Reads a reply in pieces, however they are cut, and tells what of it is meant to be heard. */
export function createReplyScanner(): ReplyScanner {
  let pending = '';
  let fence: string | undefined;
  /** What came since a thought began, its tag included. */
  let thought: string | undefined;
  /** False once a thought was found never to end: then no tag of one means anything. */
  let hasThoughts = true;
  let atLineStart = true;
  /** No words so far. */
  let isSilent = true;

  const take = (length: number): string => {
    const text = pending.slice(0, length);
    pending = pending.slice(length);
    return text;
  };
  const hear = (text: string): ReplyPart => {
    const line = text.slice(text.lastIndexOf('\n') + 1);
    atLineStart = line.trim() === '' && (atLineStart || line.length < text.length);
    isSilent &&= text.trim() === '';
    return { type: 'text', text };
  };
  /** Goes on to where the thought ends. Undefined when that has not come yet. */
  const readThought = (): ReplyPart | undefined => {
    const end = thoughtEnd.exec(pending);
    if (!end) {
      thought += take(Math.max(0, pending.length - longestThoughtEnd));
      return undefined;
    }
    const text = withoutTag(thought + take(end.index));
    take(end[0].length);
    thought = undefined;
    return { type: 'thought', text };
  };
  /** A thought in the middle of words that never ends was none. One before all words is all there is. */
  const endThought = (): ReplyPart | undefined => {
    const text = thought + pending;
    pending = isSilent ? '' : text;
    thought = undefined;
    hasThoughts = false;
    return isSilent ? { type: 'thought', text: withoutTag(text) } : undefined;
  };

  return {
    push(piece) {
      pending += piece;
    },
    next(isLast) {
      for (;;) {
        if (thought !== undefined) {
          const part = readThought() ?? (isLast ? endThought() : undefined);
          if (part || !isLast) return part;
        }
        if (pending === '') return undefined;
        const step =
          fence === undefined
            ? readProse(pending, atLineStart, hasThoughts, isLast)
            : readCode(pending, atLineStart, fence, isLast);
        const text = take(step.length);
        switch (step.type) {
          case 'wait':
            return undefined;
          case 'keep':
            return hear(text);
          case 'fence':
            fence = step.marks;
            return hear(text);
          case 'fence-end':
            fence = undefined;
            return hear(text);
          case 'sentence':
            return { type: 'sentence', text };
          case 'thought':
            thought = text;
            break;
          case 'void':
            if (isSilent) break;
            isSilent = atLineStart = true;
            return { type: 'void' };
          case 'drop':
            break;
        }
      }
    },
  };
}

function withoutTag(thought: string): string {
  return thought.replace(thoughtBeginning, '');
}

const wait: Step = { type: 'wait', length: 0 };

function keep(length: number): Step {
  return { type: 'keep', length };
}

function readProse(text: string, atLineStart: boolean, hasThoughts: boolean, isLast: boolean): Step {
  const next = text.search(/[<[`~]/);
  if (next !== 0) return keep(next < 0 ? text.length : next);
  return /^[<[]/.test(text)
    ? readTag(text, atLineStart, hasThoughts, isLast)
    : readMarks(text, atLineStart, isLast);
}

/**
 * Tokens of the chat templates of Llama, Mistral, Gemma, Qwen, DeepSeek, Phi, gpt-oss and their kin, with the
 * role that follows some of them.
 */
const templateToken =
  /^(?:<[|｜][\w▁.-]{1,40}[|｜]>|<(?:bos|eos|start_of_turn|end_of_turn)>|<<\/?SYS>>|\[\/?INST\])(?:(?<=(?:start|header_id|channel)[|｜]>|start_of_turn>)(?:assistant|model|user|system|final)(?!\w)\n?)?/;
const beginningOfToken =
  /^(?:<(?:[|｜](?:[\w▁.-]{0,40}[|｜]?)?|[a-z_]{0,14}|<\/?S?Y?S?>?)?|\[\/?I?N?S?T?|(?:<[|｜][\w▁.-]*(?:start|header_id|channel)[|｜]>|<start_of_turn>)[a-z]{0,9})$/;
const sentenceToken = /^<\/?s>/;
const thoughtBeginning = /^<think(?:ing)?>/i;
const thoughtEnd = /<\/think(?:ing)?>/i;
const thoughtEndHere = /^<\/think(?:ing)?>/i;
const beginningOfThoughtTag = /^<\/?[a-z]{0,8}$/i;
const longestThoughtEnd = '</thinking>'.length;

/** At a `<` or `[`. */
function readTag(text: string, atLineStart: boolean, hasThoughts: boolean, isLast: boolean): Step {
  if (!isLast && (beginningOfToken.test(text) || beginningOfThoughtTag.test(text))) return wait;
  const [token] = templateToken.exec(text) ?? [];
  // Whatever came before the final channel of gpt-oss was thinking.
  if (token !== undefined)
    return { type: /channel.*final/.test(token) ? 'void' : 'drop', length: token.length };
  const [sentence] = sentenceToken.exec(text) ?? [];
  if (sentence !== undefined) return { type: 'sentence', length: sentence.length };
  const [thought] = thoughtBeginning.exec(text) ?? [];
  if (thought !== undefined && hasThoughts) return { type: 'thought', length: thought.length };
  const [end] = thoughtEndHere.exec(text) ?? [];
  if (end === undefined) return keep(1);
  // Within a line it is a slip, or the subject of the conversation.
  return { type: atLineStart ? 'void' : 'drop', length: end.length };
}

/** A backtick whose partner is farther away is a character like any other. */
const longestInlineCode = 2_000;

/** At a backtick or a tilde. Source: CommonMark 0.31, sections 4.5 and 6.1, somewhat simplified. */
function readMarks(text: string, atLineStart: boolean, isLast: boolean): Step {
  const [marks = ''] = /^(?:`+|~+)/.exec(text) ?? [];
  if (marks.length === text.length && !isLast) return wait;
  if (marks.length >= 3 && atLineStart) {
    const lineEnd = text.indexOf('\n');
    if (lineEnd < 0 && !isLast && text.length < longestInlineCode) return wait;
    const line = lineEnd < 0 ? text : text.slice(0, lineEnd + 1);
    const isFence = marks.startsWith('~') || !line.slice(marks.length).includes('`');
    if (isFence) return { type: 'fence', length: line.length, marks };
  }
  return marks.startsWith('~') ? keep(marks.length) : readInlineCode(text, marks, isLast);
}

/** Up to as many backticks again, within the paragraph. */
function readInlineCode(text: string, marks: string, isLast: boolean): Step {
  const near = text.slice(0, longestInlineCode);
  const paragraphEnd = near.search(/\n[ \t]*(?:\n|```|~~~)/);
  const paragraph = paragraphEnd < 0 ? near : near.slice(0, paragraphEnd);
  for (const { 0: run, index } of paragraph.matchAll(/`+/g)) {
    const end = index + run.length;
    if (index === 0 || run.length !== marks.length) continue;
    // It may yet grow longer.
    return end === text.length && !isLast ? wait : keep(end);
  }
  const isDecided = isLast || paragraphEnd >= 0 || text.length >= longestInlineCode;
  return isDecided ? keep(marks.length) : wait;
}

/** In fenced code. */
function readCode(text: string, atLineStart: boolean, fence: string, isLast: boolean): Step {
  const newline = text.indexOf('\n');
  const line = newline < 0 ? text : text.slice(0, newline + 1);
  if (!atLineStart) return keep(line.length);
  const [indent = ''] = /^[ \t]*/.exec(line) ?? [];
  const rest = line.slice(indent.length).trimEnd();
  const mark = fence.charAt(0);
  const isOnlyMarks = rest === mark.repeat(rest.length);
  if (isOnlyMarks && newline < 0 && !isLast && line.length < longestInlineCode) return wait;
  return isOnlyMarks && rest.length >= fence.length
    ? { type: 'fence-end', length: line.length }
    : keep(line.length);
}
