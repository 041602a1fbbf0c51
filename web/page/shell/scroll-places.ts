/** Where the reader was on a page: as far down, or at that element, which is surer where heights are estimated. */
interface Place {
  readonly top: number;
  readonly id?: string;
  /** Of the element, from the top of the window. Pixels. */
  readonly offset?: number;
}

/** So long what a page shows may take to come before the reader, who does nothing meanwhile, is left where it begins. */
const patienceMs = 15_000;
/** Nothing has moved for so long: Markdown is read, code is coloured. */
const settlingMs = 1_200;
/** What moves for longer than this is moved by somebody: who reads aloud, say. */
const mostSettlingMs = 5_000;

/** As near to the end as `follow` takes for the end. */
const nearPixels = 80;

const keptAs = 'colloquy-places';
/** Steps of the history that are known after the page was loaded again. */
const mostKept = 50;

const places = new Map<string, Place | undefined>();
let key = '';
let stopReturning = (): void => {};

/**
 * Remembers where the reader was on each step of the history, and leads back there. The browser would try it before
 * the page has asked the server for what it shows.
 */
export function rememberPlaces(): void {
  window.history.scrollRestoration = 'manual';
  key = keyOf(window.history.state) ?? newKey();
  window.history.replaceState({ key }, '');
  for (const [known, place] of readKept()) places.set(known, place);
  const place = places.get(key);
  if (place) returnTo(place);
  // For the page that is loaded again.
  window.addEventListener('pagehide', () => {
    places.set(key, placeNow());
    keep([...places].slice(-mostKept));
  });
}

/** The reader goes on; returns the state of the step that is taken. */
export function leavePlace(): { readonly key: string } {
  stopReturning();
  places.set(key, placeNow());
  key = newKey();
  return { key };
}

/** The reader went back, or forth again: to be told before the page changes. */
export function comeBack(state: unknown): void {
  stopReturning();
  places.set(key, placeNow());
  key = keyOf(state) ?? newKey();
  const place = places.get(key);
  if (place) returnTo(place);
}

/** Undefined where the page follows the end of what goes on: it does so again. */
function placeNow(): Place | undefined {
  const top = window.scrollY;
  const gap = document.documentElement.scrollHeight - window.innerHeight - top;
  if (gap < nearPixels && document.querySelector('.dock:not(.over)')) return undefined;
  for (const element of document.querySelectorAll('.conversation > [id]')) {
    const { top: offset, bottom } = element.getBoundingClientRect();
    if (bottom > 0) return { top, id: element.id, offset };
  }
  return { top };
}

/** As soon as it is there, unless the reader or the page goes elsewhere first. */
function returnTo(place: Place): void {
  const beginMs = performance.now();
  let endMs = beginMs + patienceMs;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    for (const event of readersMoves) window.removeEventListener(event, stop);
  };
  stopReturning = stop;
  for (const event of readersMoves) window.addEventListener(event, stop, { passive: true });
  let thereMs: number | undefined;
  const look = (): void => {
    if (isOver) return;
    const found = moveTo(place);
    if (found === 'moved' || (found === 'there' && thereMs === undefined)) {
      thereMs ??= performance.now();
      endMs = Math.min(performance.now() + settlingMs, thereMs + mostSettlingMs);
    }
    if (performance.now() > endMs) return stop();
    requestAnimationFrame(look);
  };
  // Not before the page has changed.
  requestAnimationFrame(() => requestAnimationFrame(look));
}

const readersMoves = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const;

function moveTo({ top, id, offset = 0 }: Place): 'missing' | 'there' | 'moved' {
  if (id !== undefined) {
    const element = document.getElementById(id);
    if (!element) return 'missing';
    const by = element.getBoundingClientRect().top - offset;
    const { scrollY } = window;
    if (Math.abs(by) > 1) window.scrollBy({ top: by, behavior: 'instant' });
    // At either end of the page there is no way on.
    return window.scrollY === scrollY ? 'there' : 'moved';
  }
  if (document.documentElement.scrollHeight - window.innerHeight < top) return 'missing';
  if (Math.abs(window.scrollY - top) <= 1) return 'there';
  window.scrollTo({ top, behavior: 'instant' });
  return 'moved';
}

function keyOf(state: unknown): string | undefined {
  return (state as { readonly key?: string } | null)?.key;
}

function newKey(): string {
  return `${Date.now()}-${Math.random()}`;
}

type Kept = readonly (readonly [key: string, place: Place | undefined])[];

function readKept(): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(keptAs) ?? '[]') as Kept;
  } catch {
    return [];
  }
}

function keep(kept: Kept): void {
  try {
    sessionStorage.setItem(keptAs, JSON.stringify(kept));
  } catch {
    // Where nothing may be kept, a page that is loaded again begins at its top.
  }
}
