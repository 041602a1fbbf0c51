import { signal, type ReadonlySignal } from '@preact/signals';

/** Nearer to the bottom than this counts as the bottom. Pixels. */
const nearPixels = 80;

export interface Following {
  readonly isFollowing: ReadonlySignal<boolean>;
  /** To the bottom, and from now on with it. */
  toBottom(): void;
  stop(): void;
}

/**
 * Keeps the end of a growing element in view, until the reader scrolls up; who comes back to the bottom follows again.
 * What grows below never moves the page up, so whatever moves it up is the reader.
 */
export function follow(element: Element, isFollowingAtFirst: boolean): Following {
  const root = document.documentElement;
  const isFollowing = signal(isFollowingAtFirst);
  let lastTop = window.scrollY;
  const bottomGap = (): number => root.scrollHeight - window.innerHeight - window.scrollY;
  const down = (): void => {
    window.scrollTo({ top: root.scrollHeight, behavior: 'instant' });
    lastTop = window.scrollY;
  };
  const onScroll = (): void => {
    const top = window.scrollY;
    // Where the page has become shorter the browser moves it up too, to its very end.
    if (top < lastTop && bottomGap() > 1) isFollowing.value = false;
    else if (top > lastTop && bottomGap() < nearPixels) isFollowing.value = true;
    lastTop = top;
  };
  /** Before the page has moved at all, so that nothing moves it down again in the meantime. */
  const onWheel = ({ deltaY }: WheelEvent): void => {
    if (deltaY < 0 && window.scrollY > 0) isFollowing.value = false;
  };
  const observer = new ResizeObserver(() => {
    if (isFollowing.value) down();
  });
  observer.observe(element);
  window.addEventListener('scroll', onScroll, { passive: true });
  window.addEventListener('wheel', onWheel, { passive: true });
  return {
    isFollowing,
    toBottom() {
      isFollowing.value = true;
      down();
    },
    stop() {
      observer.disconnect();
      window.removeEventListener('scroll', onScroll);
      window.removeEventListener('wheel', onWheel);
    },
  };
}
