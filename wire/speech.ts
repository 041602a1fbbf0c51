import { spokenVerbs, type SpokenVerb } from './types.ts';

/** What somebody said, and the control token that stood before or behind it. */
export interface Speech {
  readonly text: string;
  readonly control?: SpokenVerb;
}

const leadingToken = new RegExp(`^\\s*/(${spokenVerbs.join('|')}):?(?=\\s|$)`);
const trailingToken = new RegExp(`(?:^|\\s)/(${spokenVerbs.join('|')})\\s*$`);

/**
 * Takes a control token off the very start and the very end of a message. Anywhere else, and inside a
 * code fence that is still open at the end, it is part of the text.
 */
export function parseSpeech(message: string, options: { readonly literalStart?: boolean } = {}): Speech {
  const found: SpokenVerb[] = [];
  let text = message;
  const end = trailingToken.exec(text);
  if (end && !(options.literalStart && end.index === 0) && !endsInsideFence(text)) {
    found.push(end[1] as SpokenVerb);
    text = text.slice(0, end.index);
  }
  const start = options.literalStart ? null : leadingToken.exec(text);
  if (start) {
    found.push(start[1] as SpokenVerb);
    text = text.slice(start[0].length);
  }
  const control = strongest(found);
  return control ? { text: text.trim(), control } : { text: message };
}

/** Source for what opens and closes a fence: CommonMark 0.31, section 4.5. */
function endsInsideFence(text: string): boolean {
  let open: string | undefined;
  for (const line of text.split(/\r\n?|\n/)) {
    const fence = /^[ \t]*(?:[-*+>]\s+|\d+[.)]\s+)*(`{3,}|~{3,})(.*)$/.exec(line);
    if (!fence) continue;
    const [, marks = '', rest = ''] = fence;
    if (open === undefined) {
      if (!(marks.startsWith('`') && rest.includes('`'))) open = marks;
    } else if (marks[0] === open[0] && marks.length >= open.length && rest.trim() === '') {
      open = undefined;
    }
  }
  return open !== undefined;
}

/** A message that both greets and ends ends. */
function strongest(verbs: readonly SpokenVerb[]): SpokenVerb | undefined {
  return (['stop', 'end', 'bye', 'help'] as const).find((verb) => verbs.includes(verb));
}
