import { computed, signal } from '@preact/signals';
import { comeBack, leavePlace, rememberPlaces } from './scroll-places.ts';

/** Where the reader is: a path, and what stands behind the question mark. */
export interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Without the `#`. */
  readonly fragment: string;
}

const href = signal(window.location.href);

export const address = computed<Address>(() => {
  const { pathname, searchParams, hash } = new URL(href.value);
  return { path: pathname, query: searchParams, fragment: decode(hash.slice(1)) };
});

/** Goes to another address of this page; `replace` leaves no step back behind. */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const next = new URL(to, window.location.href);
  if (next.href === window.location.href) return;
  if (replace) window.history.replaceState(window.history.state, '', next);
  else window.history.pushState(leavePlace(), '', next);
  const isSamePage = next.pathname === address.value.path;
  href.value = next.href;
  if (!replace && !isSamePage) window.scrollTo(0, 0);
}

/** Follows links within the page without loading it again. */
export function startRouter(): void {
  rememberPlaces();
  window.addEventListener('popstate', ({ state }) => {
    comeBack(state);
    href.value = window.location.href;
  });
  window.addEventListener('hashchange', () => (href.value = window.location.href));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || !isOfThisPage(link)) return;
    event.preventDefault();
    navigate(link.href);
  });
}

/** What the server answers itself, and fragments of the same page, are left to the browser. */
function isOfThisPage(link: HTMLAnchorElement): boolean {
  if (link.origin !== window.location.origin || link.target !== '' || link.hasAttribute('download'))
    return false;
  if (link.pathname.startsWith('/api/')) return false;
  const isFragment =
    link.hash !== '' && link.pathname === window.location.pathname && link.search === window.location.search;
  return !isFragment;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
