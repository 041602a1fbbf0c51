import type { Seat } from '../../wire/types.ts';

/** What a conversation that has collapsed looks like. */
export type LoopKind =
  'repetition' | 'alternation' | 'one-sided' | 'goodbyes' | 'gratitude' | 'shrinking' | 'short-turns';

/** Why a conversation is taken to be going round in circles. */
export interface LoopEvidence {
  readonly kind: LoopKind;
  /** The turns that show it, in order. */
  readonly turns: readonly number[];
  /** The same in one sentence, with a short quotation of what was said. */
  readonly sentence: string;
}

/** What the detector is told of a turn. */
export interface HeardTurn {
  readonly seat: Seat;
  readonly turn: number;
  readonly text: string;
}

const longestQuotation = 60;

export function createEvidence(kind: LoopKind, shown: readonly HeardTurn[]): LoopEvidence {
  const turns = shown.map(({ turn }) => turn);
  const quoted = quote(shown.at(-1)?.text ?? '');
  return { kind, turns, sentence: `${listTurns(turns)} ${verdicts[kind]}: ${quoted}` };
}

const verdicts: { readonly [kind in LoopKind]: string } = {
  repetition: 'say what was said before',
  alternation: 'are the same two messages in turn',
  'one-sided': 'of one side are the same',
  goodbyes: 'are nothing but goodbyes',
  gratitude: 'are nothing but thanks, praise and agreement',
  shrinking: 'have shrunk to nothing',
  'short-turns': 'are empty, or no more than a word',
};

function listTurns(turns: readonly number[]): string {
  const [first = 0] = turns;
  const last = turns.at(-1) ?? first;
  const isRow = turns.length > 2 && last - first === turns.length - 1;
  if (isRow) return `turns ${first} to ${last}`;
  return `turns ${turns.slice(0, -1).join(', ')} and ${last}`;
}

/** On one line, and short. */
function quote(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  if (line === '') return 'nothing was said';
  const characters = [...line];
  const isLong = characters.length > longestQuotation;
  return `“${isLong ? `${characters.slice(0, longestQuotation).join('').trimEnd()}…` : line}”`;
}
