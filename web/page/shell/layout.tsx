import type { ComponentChildren, JSX } from 'preact';
import { Announcements } from './announce.tsx';
import { address } from './router.ts';
import { listShortcuts, Shortcuts } from './shortcuts.tsx';
import { ThemeButton } from './theme.tsx';

const places = [
  { path: '/', name: 'Now' },
  { path: '/start', name: 'Start' },
  { path: '/meetings', name: 'Archive' },
  { path: '/runs', name: 'Runs' },
  { path: '/setup', name: 'Setup' },
] as const;

/** What is around every page. */
export function Layout({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { path } = address.value;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="24" height="24" />
          Colloquy
        </a>
        <nav aria-label="Pages">
          {places.map((place) => (
            <a key={place.path} href={place.path} aria-current={isAt(path, place.path) ? 'page' : undefined}>
              {place.name}
            </a>
          ))}
        </nav>
        <button type="button" class="quiet keys" aria-label="Keys" title="Keys (?)" onClick={listShortcuts}>
          ?
        </button>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Announcements />
      <Shortcuts />
    </>
  );
}

function isAt(path: string, place: string): boolean {
  return place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`);
}
