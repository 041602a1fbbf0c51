import stringWidth from 'string-width';
import type { MeetingSummary } from '../journal/meetings.ts';
import { summarizeFlags } from '../journal/flag.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';

const widestCell = 44;

/** A line for each meeting, in columns. */
export function renderMeetingTable(meetings: readonly MeetingSummary[]): string {
  if (meetings.length === 0) return 'No meetings yet. Hold one: colloquy meet\n';
  const rows = meetings.map(({ meeting, startedAt, seats, turns, ended, tokens, flags }) => [
    meeting,
    formatLocal(startedAt),
    `${describe(seats.a)} — ${describe(seats.b)}`,
    String(turns),
    tokens === undefined || tokens === 0 ? '' : String(tokens),
    ended,
    summarizeFlags(flags ?? []),
  ]);
  const table = [['MEETING', 'STARTED', 'WHO', 'TURNS', 'TOKENS', 'ENDED', 'FLAGS'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => stringWidth(row[column] ?? '')))) ?? [];
  return table
    .map(
      (row) =>
        row
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}

function describe({ name, model }: MeetingSummary['seats']['a']): string {
  const text = visibleLine(model === undefined || model === '' ? name : `${name} (${model})`);
  return text.length <= widestCell ? text : `${text.slice(0, widestCell - 1)}…`;
}

function formatLocal(iso: string): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - stringWidth(cell)));
}
