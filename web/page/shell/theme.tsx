import { effect, signal } from '@preact/signals';
import type { JSX } from 'preact';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const key = 'colloquy-theme';

const theme = signal<Theme>(readTheme());

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
});

/** Light, dark, or as the reader's system is. */
export function ThemeButton(): JSX.Element {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
  return (
    <button
      type="button"
      class="quiet"
      title={`Colours: ${theme.value}. Press for ${next}.`}
      aria-label={`Colours: ${theme.value}`}
      onClick={() => choose(next)}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle cx="10" cy="10" r="7.25" fill="none" stroke="currentColor" stroke-width="1.5" />
        {theme.value === 'light' ? null : (
          <path
            d={
              theme.value === 'dark'
                ? 'M10 2.75a7.25 7.25 0 0 1 0 14.5a7.25 7.25 0 0 1 0-14.5z'
                : 'M10 2.75a7.25 7.25 0 0 1 0 14.5z'
            }
            fill="currentColor"
          />
        )}
      </svg>
    </button>
  );
}

function choose(next: Theme): void {
  theme.value = next;
  try {
    window.localStorage.setItem(key, next);
  } catch {
    // A browser that keeps nothing forgets it.
  }
}

function readTheme(): Theme {
  try {
    const kept = window.localStorage.getItem(key);
    return themes.find((one) => one === kept) ?? 'system';
  } catch {
    return 'system';
  }
}
