import { signal } from '@preact/signals';
import type { JSX } from 'preact';

const words = signal('');

/** Has a screen reader say it once it has finished what it says; the latest wins. */
export function announce(text: string): void {
  words.value = text;
}

/** The one live region of the page. */
export function Announcements(): JSX.Element {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {words}
    </div>
  );
}
