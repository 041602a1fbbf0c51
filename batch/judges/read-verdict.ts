import * as z from 'zod';
import { readJsonReply, type JsonReply } from '../../pipelines/json-reply.ts';
import type { Seat } from '../../wire/types.ts';
import { seatOf, type JudgedTurn } from './brief.ts';
import type { Criterion, Order } from './judge-wish.ts';

/** What a judge has said, of seats again. */
export interface Ruling {
  readonly winner: Seat | 'tie';
  readonly scores: { readonly [seat in Seat]: Readonly<Record<string, number>> };
  /** The turn that the verdict rests on, and words of it. */
  readonly turn: number;
  readonly quotation: string;
  readonly reason: string;
}

/** A quotation may have fewer letters only where it is the whole turn. */
const fewestQuotedCharacters = 8;
const mostReasonCharacters = 4_000;

/** Reads a judge's answer. A problem says what is wrong with it, to the judge. */
export function readVerdict(
  reply: string,
  {
    rubric,
    order,
    turns,
  }: { readonly rubric: readonly Criterion[]; readonly order: Order; readonly turns: readonly JudgedTurn[] },
): JsonReply<Ruling> {
  const read = readJsonReply(reply, answerSchema(rubric));
  if (read.type === 'problem') return read;
  const { scores, winner, turn, quotation, reason } = read.value;
  const problem = problemOfQuotation(quotation, turn, turns);
  if (problem !== undefined) return { type: 'problem', problem };
  const [one, two] = [seatOf(1, order), seatOf(2, order)];
  return {
    type: 'value',
    value: {
      winner: winner === 'tie' ? 'tie' : winner === 1 ? one : two,
      scores: { [one]: scores['1'], [two]: scores['2'] } as Ruling['scores'],
      turn,
      quotation,
      reason: reason.slice(0, mostReasonCharacters),
    },
  };
}

function answerSchema(rubric: readonly Criterion[]) {
  const ofSpeaker = z.object(
    Object.fromEntries(rubric.map(({ name, min, max }) => [name, z.number().min(min).max(max)])),
  );
  return z.object({
    scores: z.object({ '1': ofSpeaker, '2': ofSpeaker }),
    winner: z.preprocess(
      (value) => (value === '1' || value === '2' ? Number(value) : value),
      z.union([z.literal(1), z.literal(2), z.literal('tie')], { error: 'must be 1, 2 or "tie"' }),
    ),
    turn: z.int(),
    quotation: z.string(),
    reason: z.string().default(''),
  });
}

/** Undefined where the words stand in that turn. */
function problemOfQuotation(
  quotation: string,
  number: number,
  turns: readonly JudgedTurn[],
): string | undefined {
  const words = comparable(quotation);
  const said = turns.find(({ turn }) => turn === number);
  if (!said) return `turn: there is no turn ${number}; the last one is ${turns.at(-1)?.turn ?? 0}`;
  const text = comparable(said.text);
  if (words !== text && words.length < fewestQuotedCharacters) {
    return `quotation: it is too short to be told from chance; quote some words of turn ${number}`;
  }
  if (text.includes(words)) return undefined;
  const other = turns.find((each) => comparable(each.text).includes(words));
  return other
    ? `quotation: these words stand in turn ${other.turn}, not in turn ${number}`
    : `quotation: these words do not stand in turn ${number}; quote it letter for letter`;
}

/** Blanks and line breaks are no difference, nor are straight and curved quotation marks. */
function comparable(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[“”„«»]/g, '"')
    .replace(/[‘’‚]/g, "'")
    .replace(/\s+/g, ' ')
    .trim();
}
