import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';

interface Shortcut {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

const shortcuts = signal<readonly Shortcut[]>([]);
const isListed = signal(false);
const storageKey = 'colloquy-shortcuts';
const isOn = signal(readIsOn());

/** A key that does something while the component is there; not while somebody writes. */
export function useShortcut(key: string, does: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const shortcut: Shortcut = { key, does, run: () => latest.current() };
    shortcuts.value = [...shortcuts.peek(), shortcut];
    return () => (shortcuts.value = shortcuts.peek().filter((other) => other !== shortcut));
  }, [key, does]);
}

export function listShortcuts(): void {
  isListed.value = true;
}

/** Listens for the keys, and lists them under `?`. */
export function Shortcuts(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const isOpen = isListed.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="shortcuts"
      aria-labelledby="shortcuts-title"
      onClose={() => (isListed.value = false)}
    >
      <h2 id="shortcuts-title">Keys</h2>
      <dl>
        {[{ key: '?', does: 'show these keys' }, ...shortcuts.value].map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={isOn.value}
          onChange={(event) => setIsOn(event.currentTarget.checked)}
        />
        <span>Use them</span>
      </label>
      <p class="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
    </dialog>
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isListed.value) return;
  if (isWriting(event.target)) return;
  if (event.key === '?') {
    event.preventDefault();
    return listShortcuts();
  }
  if (!isOn.value) return;
  const found = shortcuts.value.find(({ key }) => key === event.key);
  if (!found) return;
  event.preventDefault();
  found.run();
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

function setIsOn(value: boolean): void {
  isOn.value = value;
  try {
    window.localStorage.setItem(storageKey, value ? 'on' : 'off');
  } catch {
    // A browser that keeps nothing forgets it.
  }
}

function readIsOn(): boolean {
  try {
    return window.localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}
