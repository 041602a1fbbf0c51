import { isMeetingName } from '../../wire/greeting.ts';
import type { Entry, Outline } from '../conversation.ts';
import type { Parent } from '../event.ts';
import { nameOf } from './sentences.ts';
import { visibleLine } from './visible-controls.ts';

/** "after turn 4 of", "anew:", what stands before the name of the parent. */
export function describeParent({ turn }: Parent): string {
  return turn === 0 ? 'anew from the beginning of' : `from turn ${turn} of`;
}

/** Where that file of the parent is, seen from a fork's folder; undefined for what is no name of a meeting. */
export function parentAddress({ meeting }: Parent, file: string): string | undefined {
  return isMeetingName(meeting) ? `../${meeting}/${file}` : undefined;
}

/** What there is to remark on a turn that was said elsewhere. */
export function describeInherited(
  { inherited, seat }: Extract<Entry, { type: 'turn' }>,
  { parent, seats }: Pick<Outline, 'parent' | 'seats'>,
): string | undefined {
  if (!inherited) return undefined;
  const name = visibleLine(parent?.names[seat] ?? '').trim();
  return name === '' || name === nameOf(seats, seat) ? 'taken over' : `taken over; it was said by ${name}`;
}
