import { signal, type Signal } from '@preact/signals';
import { seats, type Seat } from '../../../wire/types.ts';

/** The seats that were taken in this tab. Another may have been taken in a terminal, and is nobody's here. */
export function ownSeats(meeting: string): Signal<readonly Seat[]> {
  const key = `colloquy-seats-${meeting}`;
  const own = signal<readonly Seat[]>(readKept(key));
  own.subscribe((current) => keep(key, current));
  return own;
}

function readKept(key: string): readonly Seat[] {
  try {
    const kept = window.sessionStorage.getItem(key) ?? '';
    return seats.filter((seat) => kept.includes(seat));
  } catch {
    return [];
  }
}

function keep(key: string, own: readonly Seat[]): void {
  try {
    if (own.length === 0) window.sessionStorage.removeItem(key);
    else window.sessionStorage.setItem(key, own.join(''));
  } catch {
    // A browser that keeps nothing forgets them where the page is loaded again.
  }
}
