import type { Entry, Outline } from '../conversation.ts';
import { textEntry } from './text.ts';
import type { KeptFiles } from './workspace.ts';

/** One file that shows a conversation: a header, a piece for each entry, a footer. */
export interface Rendering {
  readonly fileName: string;
  /** `running`: the totals are not known yet. */
  header(outline: Outline, state: 'running' | 'whole'): string;
  /** `outline` is that of the conversation up to this entry, the entry included; `files` are those it names. */
  entry(entry: Entry, outline: Outline, files: KeptFiles): string;
  footer(outline: Outline): string;
}

/** All of them. The libraries behind take their time to load (100 ms), and only whoever writes pays it. */
export async function loadRenderings(): Promise<readonly Rendering[]> {
  const [markdown, html] = await Promise.all([import('./markdown.ts'), import('./html.ts')]);
  return [
    createTextRendering('a'),
    createTextRendering('b'),
    {
      fileName: 'transcript.md',
      header: markdown.markdownHeader,
      entry: markdown.markdownEntry,
      footer: markdown.markdownFooter,
    },
    {
      fileName: 'transcript.html',
      header: html.htmlHeader,
      entry: html.htmlEntry,
      footer: html.htmlFooter,
    },
  ];
}

function createTextRendering(seat: 'a' | 'b'): Rendering {
  return {
    fileName: `${seat}.txt`,
    header: () => '',
    entry: (entry, { totals }) => textEntry(entry, seat, totals[seat].turns === 1),
    footer: () => '',
  };
}
