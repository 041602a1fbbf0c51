import type { JSX } from 'preact';
import type { Outline } from '../../../journal/conversation.ts';
import { describeEntry, nameOf } from '../../../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../../../journal/render/visible-controls.ts';
import type { EventEntry } from './conversation-model.ts';

interface EventLineProps {
  readonly entry: EventEntry;
  readonly seats: Outline['seats'];
}

/** What happened between the turns: a note, a flag, a remark of the moderator's, a lost connection. */
export function EventLine({ entry, seats }: EventLineProps): JSX.Element {
  if (entry.type === 'note' && (entry.text.length > longestOpen || entry.text.includes('\n'))) {
    return (
      <details class={`event note ${entry.seat}`}>
        <summary>
          Note to <b>{nameOf(seats, entry.seat)}</b>: {visibleLine(entry.text).slice(0, shownOfClosed)}…
        </summary>
        <pre>{visibleControls(entry.text)}</pre>
      </details>
    );
  }
  return <p class={`event ${kindOf(entry)}`}>{describeEntry(entry, seats)}</p>;
}

/** A longer note is opened by whoever wants to read it. Characters. */
const longestOpen = 160;
const shownOfClosed = 60;

function kindOf(entry: EventEntry): string {
  switch (entry.type) {
    case 'unreadable':
      return 'failure';
    case 'lost':
      return `${entry.seat} failure`;
    case 'moderator':
      return `${entry.seat ?? 'both'} moderator`;
    case 'flag':
      return `${entry.seat} flag`;
    default:
      return entry.seat;
  }
}
