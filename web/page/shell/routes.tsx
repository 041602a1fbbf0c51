import type { ComponentType, JSX } from 'preact';
import { NowPage } from '../now/now-page.tsx';
import { Empty } from './problem.tsx';
import { lazy } from './lazy.tsx';
import { useTitle } from './title.ts';

/** What a page is given: the parts of its address that are names, such as a meeting's. */
export interface PageProps {
  readonly name: string;
}

interface Route {
  readonly pattern: RegExp;
  readonly page: ComponentType<PageProps>;
}

/** The first that fits is shown; a group in the pattern is the `name`. Everything but the first page is fetched late. */
const routes: readonly Route[] = [
  { pattern: /^\/$/, page: NowPage },
  {
    pattern: /^\/meetings\/([^/]+)$/,
    page: lazy(async () => (await import('../meeting/meeting-page.tsx')).MeetingPage),
  },
  {
    pattern: /^\/meetings\/?$/,
    page: lazy(async () => (await import('../read/meetings-page.tsx')).MeetingsPage),
  },
  { pattern: /^\/compare$/, page: lazy(async () => (await import('../read/compare-page.tsx')).ComparePage) },
  { pattern: /^\/runs\/?$/, page: lazy(async () => (await import('../read/runs-page.tsx')).RunsPage) },
  { pattern: /^\/runs\/([^/]+)$/, page: lazy(async () => (await import('../read/run-page.tsx')).RunPage) },
  { pattern: /^\/start$/, page: lazy(async () => (await import('../start/start-page.tsx')).StartPage) },
  { pattern: /^\/setup$/, page: lazy(async () => (await import('../setup/setup-page.tsx')).SetupPage) },
];

export function Page({ path }: { readonly path: string }): JSX.Element {
  for (const { pattern, page: Found } of routes) {
    const match = pattern.exec(path);
    if (match) return <Found key={path} name={decodeName(match[1] ?? '')} />;
  }
  return <NotFound />;
}

function NotFound(): JSX.Element {
  useTitle('Not found');
  return (
    <>
      <h1>Not found</h1>
      <Empty title="There is no such page">
        <p>
          <a href="/">What goes on now</a>
        </p>
      </Empty>
    </>
  );
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
