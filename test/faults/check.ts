import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { JournalEvent } from '../../journal/event.ts';
import { readJournal } from '../../journal/read.ts';
import { otherSeat, type Seat, type StopReason } from '../../wire/types.ts';
import type { AgentLives } from './agent-life.ts';
import { checkLives } from './check-lives.ts';
import { idOf, type MeetingPlan } from './scenario.ts';

export interface MeetingToCheck {
  readonly plan: MeetingPlan;
  readonly maxMessages: number;
  readonly first: Seat;
  readonly folder: string;
  readonly agents: readonly AgentLives[];
  /** False where the run was given up. */
  readonly isOver: boolean;
}

export type Turn = Extract<JournalEvent, { type: 'turn' }>;

/** Looks for whatever was lost, doubled, mixed up or left behind. Resolves with a sentence for each. */
export async function checkMeeting(meeting: MeetingToCheck): Promise<{ found: string[]; turns: number }> {
  const file = path.join(meeting.folder, 'journal.jsonl');
  if (!existsSync(file)) return { found: ['has no journal'], turns: 0 };
  const { events, badLines, torn } = await readJournal(file);
  const turns = events.filter((event) => event.type === 'turn');
  const stops = events.filter((event) => event.type === 'stop');
  const found = [
    ...badLines.map(({ line, problem }) => `line ${line} of the journal: ${problem}`),
    ...(torn ? [`the journal ends in the middle of a line of ${torn.bytes} bytes`] : []),
    ...checkSequence(file),
    ...checkTurns(turns, meeting.first),
    ...(meeting.isOver ? checkStop(events, turns.length, meeting) : []),
    ...meeting.agents.flatMap((agent) =>
      checkLives({
        ...{ seat: agent.seat, first: meeting.first, lives: agent.read() },
        ...{ turns, stop: stops[0]?.reason, mayLose: meeting.plan.leaves !== undefined },
      }).map((problem) => `${agent.name}: ${problem}`),
    ),
  ];
  return { found, turns: turns.length };
}

/** Types of events that this reader does not know count as well. */
function checkSequence(file: string): string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const numbers = lines.map((line) => Number(/"seq":(\d+)/.exec(line)?.[1]));
  const wrong = numbers.findIndex((number, index) => number !== index + 1);
  return wrong < 0 ? [] : [`line ${wrong + 1} of the journal has the number ${numbers[wrong]}`];
}

/** Each of them answers the one before it, and was said once. */
function checkTurns(turns: readonly Turn[], first: Seat): string[] {
  const seen = new Set<string>();
  return turns.flatMap(({ turn, seat, text }, index) => {
    const found: string[] = [];
    const before = turns[index - 1];
    if (turn !== index + 1) found.push(`turn ${turn} stands where turn ${index + 1} belongs`);
    if (seat !== (before ? otherSeat(before.seat) : first)) found.push(`turn ${turn} is one of seat ${seat}`);
    const answered = idOf(before?.text ?? '');
    if (!text.startsWith(`${idOf(text)} answers ${answered}: `)) {
      found.push(`turn ${turn} (${text.slice(0, 40)}) does not answer ${answered}`);
    }
    if (seen.has(text)) found.push(`turn ${turn} (${idOf(text)}) is there twice`);
    seen.add(text);
    return found;
  });
}

function checkStop(events: readonly JournalEvent[], turns: number, meeting: MeetingToCheck): string[] {
  const { plan, maxMessages, folder } = meeting;
  const stops = events.filter((event) => event.type === 'stop');
  const [stop] = stops;
  if (!stop || stops.length > 1 || events.at(-1) !== stop) {
    return [`has ${stops.length} ends, and ${events.at(-1)?.type} is its last event`];
  }
  const found = existsSync(path.join(folder, 'seats.json')) ? ['its seats.json was left behind'] : [];
  // Whoever was told goodbye may just go.
  const mayLeave: StopReason[] = plan.byeTurn === undefined ? ['agent-lost'] : ['agent-lost', 'end'];
  if (plan.leaves && mayLeave.includes(stop.reason)) return found;
  const [reason, count]: [StopReason, number] =
    plan.byeTurn === undefined ? ['max-messages', maxMessages] : ['end', plan.byeTurn + 1];
  if (stop.reason !== reason || turns !== count) {
    found.push(
      `ended after ${turns} turns: ${stop.reason} (${stop.detail ?? 'no detail'}); ${count} and ${reason} were due`,
    );
  }
  return found;
}
