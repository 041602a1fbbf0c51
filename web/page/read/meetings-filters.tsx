import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { ArchiveAnswer } from '../../archive-api.ts';
import { change, filterKeys, type MeetingsQuery, type QueryKey } from './meetings-query.ts';

interface MeetingsFiltersProps {
  readonly query: MeetingsQuery;
  readonly choices: ArchiveAnswer['choices'] | undefined;
}

/** Words, and what a meeting must have. Each change is a step back in the browser's history, typing is one. */
export function MeetingsFilters({ query, choices }: MeetingsFiltersProps): JSX.Element {
  const used = filterKeys.filter((key) => key !== 'q' && query[key] !== undefined).length;
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <SearchField value={query.q ?? ''} />
      <details open={used > 0}>
        <summary>Filter{used === 0 ? '' : ` (${used})`}</summary>
        <div class="fields">
          <Choice name="persona" title="Persona" query={query} choices={choices?.personas} />
          <Choice name="model" title="Model" query={query} choices={choices?.models} />
          <Choice name="ended" title="How it ended" query={query} choices={choices?.ended} />
          <Choice
            name="flag"
            title="Flags"
            query={query}
            choices={choices?.flags}
            extra={[
              { value: 'any', words: 'flagged' },
              { value: 'none', words: 'not flagged' },
            ]}
          />
          <Day name="from" title="From" query={query} />
          <Day name="to" title="To" query={query} />
        </div>
        {used === 0 ? null : (
          <p>
            <button
              type="button"
              class="quiet"
              onClick={() => change({ persona: '', model: '', ended: '', flag: '', from: '', to: '' })}
            >
              Clear the filter
            </button>
          </p>
        )}
      </details>
    </form>
  );
}

const typingMs = 250;

function SearchField({ value }: { readonly value: string }): JSX.Element {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(value);
  useEffect(() => {
    // The reader went back, or followed a link.
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (words: string): void => {
    const isStep = sent.current === '' || words.trim() === '';
    sent.current = words.trim();
    change({ q: words }, { replace: !isStep });
  };
  return (
    <label>
      <span>Search what was said, names and models; "quote a phrase"</span>
      <input
        type="search"
        name="q"
        value={text}
        maxLength={500}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          const words = currentTarget.value;
          setText(words);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => send(words), typingMs);
        }}
        onKeyDown={({ key, currentTarget }) => {
          if (key !== 'Enter') return;
          clearTimeout(timer.current);
          send(currentTarget.value);
        }}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly name: QueryKey;
  readonly title: string;
  readonly query: MeetingsQuery;
  readonly choices: readonly { readonly value: string; readonly count: number }[] | undefined;
  readonly extra?: readonly { readonly value: string; readonly words: string }[];
}

function Choice({ name, title, query, choices = [], extra = [] }: ChoiceProps): JSX.Element {
  const value = query[name] ?? '';
  const known = [...extra.map((one) => one.value), ...choices.map((one) => one.value)];
  return (
    <label>
      <span>{title}</span>
      <select
        name={name}
        value={value}
        onChange={({ currentTarget }) => change({ [name]: currentTarget.value })}
      >
        <option value="">any</option>
        {extra.map((one) => (
          <option key={one.value} value={one.value}>
            {one.words}
          </option>
        ))}
        {value === '' || known.includes(value) ? null : <option value={value}>{visibleLine(value)}</option>}
        {choices.map((one) => (
          <option key={one.value} value={one.value}>
            {visibleLine(one.value)} ({one.count})
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({ name, title, query }: Pick<ChoiceProps, 'name' | 'title' | 'query'>): JSX.Element {
  return (
    <label>
      <span>{title}</span>
      <input
        type="date"
        name={name}
        value={query[name] ?? ''}
        onChange={({ currentTarget }) => change({ [name]: currentTarget.value })}
      />
    </label>
  );
}
