import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { wordsToHtml } from '../../../journal/render/html-words.ts';
import { languageTag } from '../../../journal/render/sentences.ts';
import { visibleControls } from '../../../journal/render/visible-controls.ts';
import { readLater } from './read-later.ts';

interface WordsProps {
  readonly text: string;
  readonly lang: string | undefined;
  /** Told once what was written is read as Markdown and stands in the page, before it is painted. */
  readonly onRead?: (element: HTMLElement) => void;
}

/**
 * What a speaker wrote, by the very functions that make the transcript. Reading Markdown takes a millisecond or so a
 * turn: where hundreds appear at once, those that nobody sees are plain until there is time.
 */
export function Words({ text, lang, onRead }: WordsProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [isRead, setRead] = useState(hasTime);
  useEffect(() => {
    const element = place.current;
    if (isRead || !element) return;
    return readLater(element, () => setRead(true));
  }, [isRead]);
  useLayoutEffect(() => {
    if (isRead && place.current) onRead?.(place.current);
  }, [isRead]);
  const attributes = { class: 'words', lang: languageTag(lang), dir: 'auto' as const };
  if (!isRead) {
    return (
      <div {...attributes} class="words unread" ref={place} key="plain">
        <p class="plain">{visibleControls(text).trim()}</p>
      </div>
    );
  }
  return <div {...attributes} ref={place} key="read" dangerouslySetInnerHTML={{ __html: readWords(text) }} />;
}

function readWords(text: string): string {
  const startMs = performance.now();
  // Code and tables may scroll, and have to be reached by keyboard then. What was said can bring in no such tag.
  const html = wordsToHtml(text).replaceAll(/<(pre|table)>/g, '<$1 tabindex="0">');
  spentMs += performance.now() - startMs;
  return html;
}

/** Of a frame's 16 ms. */
const budgetMs = 8;
let spentMs = 0;
let isResetPlanned = false;

/** Whether there is time left before the next frame to read Markdown. */
function hasTime(): boolean {
  if (!isResetPlanned) {
    isResetPlanned = true;
    setTimeout(() => {
      spentMs = 0;
      isResetPlanned = false;
    });
  }
  return spentMs < budgetMs;
}
