import type { Seat } from '../../wire/types.ts';
import { costOf, priceOfSeat } from '../cost.ts';
import type { JournalEvent } from '../event.ts';
import { wellFormed, type ExportedMeeting } from './exporter.ts';

/** `count` and `whole` are integers, of which only `whole` may be larger than 2^31. */
export const turnColumns = {
  meeting: 'text',
  seat: 'text',
  turn: 'count',
  time: 'time',
  name: 'text',
  provider: 'text',
  model: 'text',
  text: 'text',
  language: 'text',
  translation: 'text',
  translation_language: 'text',
  control: 'text',
  input_tokens: 'whole',
  output_tokens: 'whole',
  cached_tokens: 'whole',
  ms: 'number',
  cost: 'number',
  finish: 'text',
  flags: 'text',
  by: 'text',
  inherited: 'boolean',
  stop_reason: 'text',
  seed: 'whole',
} as const;

export type TurnColumn = keyof typeof turnColumns;

/** Times are ISO 8601 in UTC, costs US dollars; undefined is what nobody knows. */
export type TurnRow = { readonly [column in TurnColumn]: string | number | boolean | undefined };

/** A row for each turn, of one seat if one is given. */
export function turnRows({ outline, events }: ExportedMeeting, only: Seat | undefined): readonly TurnRow[] {
  const translations = new Map<number, Extract<JournalEvent, { type: 'translation' }>>();
  const flags = new Map<number, string[]>();
  for (const event of events) {
    if (event.type === 'translation' && event.failed === undefined) translations.set(event.turn, event);
    if (event.type === 'flag' && event.turn !== undefined) {
      flags.set(event.turn, [...(flags.get(event.turn) ?? []), event.flag]);
    }
  }
  const turns = events.filter((event) => event.type === 'turn' && (only ?? event.seat) === event.seat);
  return (turns as Extract<JournalEvent, { type: 'turn' }>[]).map((event) => {
    const { seat, turn, t, text, control, meta, by, inherited } = event;
    const { name, provider, model, lang, seed } = outline.seats[seat];
    const price = priceOfSeat(outline.settings, outline.seats, seat);
    const usage = meta?.usage;
    const translation = translations.get(turn);
    return tidy({
      ...{ meeting: outline.meeting, seat, turn, time: t, name, provider, model, text },
      language: translation?.from ?? lang,
      translation: translation?.text,
      translation_language: translation?.to,
      control,
      input_tokens: usage?.input,
      output_tokens: usage?.output,
      cached_tokens: usage?.cached,
      ms: meta?.ms,
      cost: usage && price ? costOf(usage, price) : undefined,
      finish: meta?.finish,
      flags: flags.get(turn)?.join(' '),
      by,
      inherited: inherited ?? false,
      stop_reason: outline.stop?.reason,
      seed,
    });
  });
}

function tidy(row: TurnRow): TurnRow {
  const entries = Object.entries(row).map(([key, value]) => [
    key,
    typeof value === 'string' ? wellFormed(value) : value,
  ]);
  return Object.fromEntries(entries) as TurnRow;
}
