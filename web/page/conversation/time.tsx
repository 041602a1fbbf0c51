import type { JSX } from 'preact';

const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const briefFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const momentFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });

const formats = { time: timeFormat, brief: briefFormat, moment: momentFormat } as const;

interface TimeProps {
  /** ISO 8601 in UTC. */
  readonly iso: string;
  readonly format?: 'time' | 'since' | 'brief' | 'moment';
}

/** A time in the reader's own zone and habit. */
export function Time({ iso, format = 'time' }: TimeProps): JSX.Element | null {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  return (
    <time dateTime={iso} title={iso}>
      {format === 'since' ? formatSince(date) : formats[format].format(date)}
    </time>
  );
}

/** With its day, where that is not today. */
function formatSince(date: Date): string {
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? timeFormat : briefFormat).format(date);
}
