import { useEffect, useRef, useState } from 'preact/hooks';
import { address } from '../shell/router.ts';

/** More than a screen shows, and little work. */
const firstSlice = 30;
/** What is put into the page at a time: not so much that a key or the wheel would wait for it. */
const nextSlice = 100;
/** So long what comes belongs to what was there when the page was opened. Milliseconds. */
const openingMs = 3_000;

/**
 * Of a long list what is read first comes first, its beginning or its end. The rest follows piece by piece, within
 * moments, so that all of it can be searched, printed and linked to. Whoever asked for one place in it gets all at once.
 */
export function useSlices<Item>(items: readonly Item[], from: 'beginning' | 'end'): readonly Item[] {
  const [, setRound] = useState(0);
  const state = useRef({
    shown: address.value.fragment === '' ? firstSlice : Infinity,
    sinceMs: performance.now(),
  });
  const { shown, sinceMs } = state.current;
  const isOpening = performance.now() - sinceMs < openingMs;
  // A few more are no work. Nobody who has begun to read is taken away what is there, either.
  if (items.length <= shown + firstSlice || (from === 'end' && !isOpening)) {
    state.current.shown = Math.max(shown, items.length);
  }
  const isWhole = state.current.shown >= items.length;
  useEffect(() => {
    if (isWhole) return;
    const timer = setTimeout(() => {
      state.current.shown += nextSlice;
      setRound((round) => round + 1);
    });
    return () => clearTimeout(timer);
  });
  if (isWhole) return items;
  return from === 'end' ? items.slice(-shown) : items.slice(0, shown);
}
