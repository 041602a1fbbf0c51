import type { Seat } from '../../wire/types.ts';
import type { Entry } from '../conversation.ts';
import { visibleControls } from './visible-controls.ts';

/** The words of one speaker alone, turns parted by a blank line; empty for all that is no turn of `seat`. */
export function textEntry(entry: Entry, seat: Seat, isFirst: boolean): string {
  if (entry.type !== 'turn' || entry.seat !== seat) return '';
  return `${isFirst ? '' : '\n'}${visibleControls(entry.text).trim()}\n`;
}
