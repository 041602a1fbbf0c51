import { seats, type Seat } from '../../wire/types.ts';
import { speakerOf } from '../judges/brief.ts';
import { verdictFileName, type VerdictFile } from '../judges/verdict-file.ts';
import type { MeetingRecord } from './collect.ts';

/** `count` and `whole` are integers, of which only `whole` may be larger than 2^31. */
export type ColumnType = 'text' | 'count' | 'whole' | 'number' | 'time';
export type Cell = string | number | undefined;

/** Rows whose cells stand in the order of the columns. Times are ISO 8601 in UTC, costs US dollars; undefined is what nobody knows. */
export interface Table {
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly rows: readonly (readonly Cell[])[];
}

/** A row for each meeting of the experiment, held or not. */
export function meetingTable(meetings: readonly MeetingRecord[]): Table {
  const bySeat = (column: string, type: ColumnType): Record<string, ColumnType> =>
    Object.fromEntries(seats.map((seat) => [`${column}_${seat}`, type]));
  const columns = {
    meeting: 'text',
    status: 'text',
    ...bySeat('persona', 'text'),
    ...bySeat('provider', 'text'),
    ...bySeat('model', 'text'),
    seed: 'whole',
    repetition: 'count',
    setting: 'text',
    started: 'time',
    ended: 'time',
    stop_reason: 'text',
    stop_detail: 'text',
    turns: 'count',
    ...bySeat('turns', 'count'),
    ...bySeat('characters', 'whole'),
    ...bySeat('input_tokens', 'whole'),
    ...bySeat('output_tokens', 'whole'),
    ...bySeat('cost', 'number'),
    ...bySeat('mean_ms', 'number'),
    ...bySeat('flags', 'text'),
    verdicts: 'count',
    verdict_tokens: 'whole',
    verdict_cost: 'number',
    tries_failed: 'count',
    failure: 'text',
    transcript: 'text',
  } as const satisfies Record<string, ColumnType>;
  const rows = meetings.map(({ id, job, status, outline, sides, failure, transcript, ...rest }): Cell[] => {
    const has = outline !== undefined;
    const each = <Value extends Cell>(value: (seat: Seat) => Value): (Value | undefined)[] =>
      seats.map((seat) => (has ? value(seat) : undefined));
    const all = [...rest.verdicts, ...rest.formerVerdicts];
    return [
      id,
      status,
      ...seats.map((seat) => sides[seat].persona),
      ...each((seat) => sides[seat].provider),
      ...each((seat) => sides[seat].providerModel),
      job.seed,
      job.repetition,
      job.settingName,
      outline?.startedAt,
      outline?.endedAt,
      outline?.stop?.reason,
      outline?.stop?.detail,
      outline?.turns,
      ...each((seat) => sides[seat].turns),
      ...each((seat) => sides[seat].characters),
      ...each((seat) => sides[seat].inputTokens),
      ...each((seat) => sides[seat].outputTokens),
      ...each((seat) => sides[seat].cost),
      ...each((seat) => meanOf(sides[seat].latenciesMs)),
      ...each((seat) => sides[seat].flags.join(' ')),
      rest.verdicts.filter(({ result }) => result.type === 'verdict').length,
      sumOf(all.map(({ usage }) => (usage ? usage.input + usage.output : 0))),
      all.some(({ cost }) => cost !== undefined) ? sumOf(all.map(({ cost }) => cost ?? 0)) : undefined,
      failure?.tries ?? 0,
      failure?.reason,
      transcript,
    ];
  });
  return { columns, rows };
}

/** A row for each verdict, speaker and criterion; one for each verdict that could not be used or had, with the problem. */
export function verdictTable(meetings: readonly MeetingRecord[]): Table {
  const columns = {
    meeting: 'text',
    verdict: 'text',
    judge: 'text',
    judge_provider: 'text',
    judge_model: 'text',
    order: 'text',
    repetition: 'count',
    result: 'text',
    seat: 'text',
    persona: 'text',
    model: 'text',
    speaker: 'count',
    criterion: 'text',
    score: 'number',
    lowest: 'number',
    highest: 'number',
    winner: 'text',
    turn: 'count',
    quotation: 'text',
    reason: 'text',
    problem: 'text',
    attempts: 'count',
    input_tokens: 'whole',
    output_tokens: 'whole',
    cost: 'number',
    ms: 'number',
    started: 'time',
  } as const satisfies Record<string, ColumnType>;
  const rows = meetings.flatMap((meeting) =>
    meeting.verdicts.flatMap((verdict) => verdictRows(meeting, verdict)),
  );
  return { columns, rows };
}

function verdictRows({ id, sides }: MeetingRecord, verdict: VerdictFile): Cell[][] {
  const { judge, provider, model, order, repetition, result, rubric, attempts, usage, cost } = verdict;
  const before = [id, verdictFileName(verdict), judge, provider, model, order, repetition, result.type];
  const after = [
    attempts.length,
    usage?.input,
    usage?.output,
    cost,
    sumOf(attempts.map(({ ms }) => ms)),
    attempts[0]?.startedAt,
  ];
  if (result.type !== 'verdict') {
    const problem = 'problem' in result ? result.problem : undefined;
    return [[...before, ...Array.from({ length: 12 }, () => undefined), problem, ...after]];
  }
  const { winner, turn, quotation, reason, scores } = result;
  return seats.flatMap((seat) =>
    rubric.map(({ name, min, max }): Cell[] => [
      ...before,
      seat,
      sides[seat].persona,
      sides[seat].model,
      speakerOf(seat, order),
      name,
      scores[seat][name],
      min,
      max,
      winner,
      turn,
      quotation,
      reason,
      undefined,
      ...after,
    ]),
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : sumOf(values) / values.length;
}
