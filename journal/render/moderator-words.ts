import type { Seat } from '../../wire/types.ts';
import type { ModeratorEvent } from '../moderator-event.ts';
import { visibleLine } from './visible-controls.ts';

/** "The moderator pauses the meeting", on one line and free of control characters. */
export function describeModerator(
  { action, seat, text = '', control, limits = {}, detail }: Omit<ModeratorEvent, 'type'>,
  nameOf: (seat: Seat) => string,
): string {
  const name = seat === undefined ? 'both' : nameOf(seat);
  switch (action) {
    case 'pause':
      return 'The moderator pauses the meeting';
    case 'resume':
      return detail === undefined
        ? 'The moderator lets the meeting go on'
        : `The meeting goes on, ${visibleLine(detail)}`;
    case 'step':
      return 'The moderator lets one turn through';
    case 'whisper':
      return `The moderator whispers to ${name}: ${visibleLine(text)}`;
    case 'say':
      return `The moderator says to both: ${visibleLine(text)}`;
    case 'limits':
      return `The moderator changes the limits: ${describeLimits(limits)}`;
    case 'take':
      return `The moderator takes over the seat of ${name}`;
    case 'give':
      return `The seat of ${name} is given back${detail === undefined ? '' : ` (${visibleLine(detail)})`}`;
    case 'goodbye':
      return 'The moderator asks the two to say goodbye';
    case 'stop':
      return 'The moderator ends the meeting';
    case 'held':
      return `What ${name} said waits`;
    case 'released':
      return `What ${name} said goes on`;
    case 'withheld': {
      const words = visibleLine(`${text}${control === undefined ? '' : ` /${control}`}`.trim());
      return `${name}, whose seat is taken, wrote what nobody was told: ${words}`;
    }
  }
}

/** Said of a turn that a person wrote who had taken over the seat. */
export const writtenByModerator = 'written by the moderator';

function describeLimits(limits: Readonly<Record<string, number>>): string {
  return Object.entries(limits)
    .map(([name, value]) => `${visibleLine(inWords(name))} ${value === 0 ? 'none' : value}`)
    .join(', ');
}

/** `maxMessages` as `max-messages`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
