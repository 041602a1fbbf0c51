import { useEffect } from 'preact/hooks';

/** What stands on the browser's tab while the component is there. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Colloquy' : `${title} · Colloquy`;
  }, [title]);
}
