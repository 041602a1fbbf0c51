import { existsSync } from 'node:fs';
import path from 'node:path';
import { journalFileName } from '../../journal/journal.ts';
import { readJournal } from '../../journal/read.ts';
import { parseSpeech } from '../../wire/speech.ts';
import { otherSeat, type Seat } from '../../wire/types.ts';
import type { Account } from './meeting.ts';

export interface Finding {
  readonly problems: readonly string[];
  readonly turns: number;
  readonly stoppedAtMs: number | undefined;
}

/** Compares what both sides lived through with the journal. Resolves with a sentence for all that is wrong. */
export async function checkMeeting(folder: string, account: Account): Promise<Finding> {
  const file = path.join(folder, journalFileName);
  if (!existsSync(file)) return { problems: ['has no journal'], turns: 0, stoppedAtMs: undefined };
  const { events, badLines, torn, unknown } = await readJournal(file);
  const turns = events.filter((event) => event.type === 'turn');
  const stops = events.filter((event) => event.type === 'stop');
  const problems: string[] = [
    ...badLines.map(({ line, problem }) => `line ${line} of the journal: ${problem}`),
    ...(torn ? [`the journal ends within a line, after ${torn.bytes} bytes of it`] : []),
    ...(unknown > 0 ? [`${unknown} events of an unknown type`] : []),
  ];
  if (stops.length !== 1 || events.at(-1)?.type !== 'stop') {
    problems.push(`${stops.length} stops, and the last event is ${events.at(-1)?.type}`);
  }
  const wrong = turns.findIndex(({ turn }, index) => turn !== index + 1);
  if (wrong >= 0) problems.push(`turn ${turns[wrong]?.turn} stands where turn ${wrong + 1} belongs`);
  const outOfSequence = events.findIndex(({ seq }, index) => seq !== index + 1);
  if (outOfSequence >= 0)
    problems.push(`event ${outOfSequence + 1} has the number ${events[outOfSequence]?.seq}`);
  const reason = stops[0]?.reason ?? 'none';
  for (const seat of ['a', 'b'] as const) {
    const own = turns.filter((turn) => turn.seat === seat).map(({ text }) => text);
    problems.push(...checkSeat(seat, own, account, reason));
  }
  const stoppedAtMs = stops[0] && Date.parse(stops[0].t);
  return { problems: [...problems, ...unexpectedEnd(account, reason)], turns: turns.length, stoppedAtMs };
}

/** What a seat said is journaled once and in order, and the other one heard just that. */
function checkSeat(seat: Seat, journaled: readonly string[], account: Account, reason: string): string[] {
  const problems: string[] = [];
  const said = account[seat].said.map((text) => parseSpeech(text).text);
  const { heard, end } = account[otherSeat(seat)];
  const strange = journaled.findIndex((text, index) => text !== said[index]);
  if (strange >= 0) {
    problems.push(
      `message ${strange + 1} of ${seat} is journaled as ${(journaled[strange] as string).slice(0, 60)}`,
    );
  }
  const misheard = heard.findIndex((text, index) => text !== journaled[index]);
  if (misheard >= 0) {
    problems.push(
      `message ${misheard + 1} of ${seat} was heard as ${(heard[misheard] as string).slice(0, 60)}`,
    );
  }
  const heardAll = heard.length === journaled.length;
  // Whoever stayed, and was told the end, was told all that came before it.
  if (!heardAll && end === reason)
    problems.push(`${journaled.length} messages of ${seat}, ${heard.length} were heard`);
  if (reason === 'end' && journaled.length < said.length && seat === 'a') {
    problems.push(`${said.length} messages of ${seat}, ${journaled.length} were journaled`);
  }
  return problems;
}

function unexpectedEnd({ plan, a, b }: Account, reason: string): string[] {
  const mayBeLost = plan.fates.b.diesAfter > 0 || plan.fates.b.leavesAfter > 0;
  const expected = mayBeLost && plan.kind !== 'agents' ? ['agent-lost', 'end'] : ['end'];
  return expected.includes(reason) ? [] : [`ended with ${reason}; a saw ${a.end}, b saw ${b.end}`];
}
