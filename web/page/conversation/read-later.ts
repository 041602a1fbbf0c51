/** Of a frame's 16 ms, while the reader may be scrolling. */
const frameBudgetMs = 5;
/** Left of a quiet moment below which nothing more is begun. */
const leastIdleMs = 3;
/** So far from the screen, in pixels, something is needed soon. */
const nearPixels = 1_500;

const waiting = new Map<Element, () => void>();
const near = new Set<Element>();
let observer: IntersectionObserver | undefined;
let isFramePlanned = false;
let isIdlePlanned = false;

/**
 * Calls back once there is time: soon for what is near the screen, a little in each frame; for the rest when nothing
 * else is to be done. Returns how to forget it.
 */
export function readLater(element: Element, callback: () => void): () => void {
  observer ??= new IntersectionObserver(onMoved, { rootMargin: `${nearPixels}px 0px` });
  waiting.set(element, callback);
  observer.observe(element);
  planIdle();
  return () => forget(element);
}

function onMoved(entries: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && waiting.has(target)) near.add(target);
    else near.delete(target);
  }
  planFrame();
}

function planFrame(): void {
  if (isFramePlanned || near.size === 0) return;
  isFramePlanned = true;
  requestAnimationFrame(() => {
    isFramePlanned = false;
    const endMs = performance.now() + frameBudgetMs;
    for (const element of near) {
      run(element);
      if (performance.now() > endMs) break;
    }
    planFrame();
  });
}

function planIdle(): void {
  if (isIdlePlanned || waiting.size === 0) return;
  isIdlePlanned = true;
  whenIdle((leftMs) => {
    isIdlePlanned = false;
    // From the end: there a conversation is read that goes on.
    for (const element of [...waiting.keys()].reverse()) {
      if (leftMs() < leastIdleMs) break;
      run(element);
    }
    planIdle();
  });
}

function whenIdle(callback: (leftMs: () => number) => void): void {
  if (typeof requestIdleCallback === 'function') {
    requestIdleCallback((deadline) => callback(() => deadline.timeRemaining()));
    return;
  }
  setTimeout(() => {
    const endMs = performance.now() + 2 * frameBudgetMs;
    callback(() => endMs - performance.now());
  }, 50);
}

function run(element: Element): void {
  const callback = waiting.get(element);
  forget(element);
  callback?.();
}

function forget(element: Element): void {
  waiting.delete(element);
  near.delete(element);
  observer?.unobserve(element);
}
