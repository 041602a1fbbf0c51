import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { nameOf } from '../../../journal/render/sentences.ts';
import type { ArchiveAnswer } from '../../archive-api.ts';
import { navigate } from '../shell/router.ts';
import { useKeptAnswer } from './kept-answer.ts';

interface ComparePickerProps {
  readonly left: string;
  readonly right: string;
}

/** Which two: by name, chosen from the latest. */
export function ComparePicker({ left, right }: ComparePickerProps): JSX.Element {
  const [names, setNames] = useState({ left, right });
  const { answer } = useKeptAnswer<ArchiveAnswer>('/api/meetings?limit=200');
  const isReady = names.left !== '' && names.right !== '';
  const isShown = names.left === left && names.right === right;
  const compare = (event: Event): void => {
    event.preventDefault();
    if (isReady) {
      navigate(`/compare?a=${encodeURIComponent(names.left)}&b=${encodeURIComponent(names.right)}`);
    }
  };
  const field = (which: 'left' | 'right'): JSX.Element => (
    <label>
      <span>On the {which}</span>
      <input
        name={which}
        list="meetings-to-compare"
        value={names[which]}
        autocomplete="off"
        spellcheck={false}
        placeholder="Name of a meeting"
        onInput={({ currentTarget }) => setNames({ ...names, [which]: currentTarget.value.trim() })}
      />
    </label>
  );
  return (
    <form class="compare-picker" onSubmit={compare}>
      {field('left')}
      {field('right')}
      <datalist id="meetings-to-compare">
        {answer?.meetings.map(({ meeting, seats, turns }) => (
          <option key={meeting} value={meeting}>
            {nameOf(seats, 'a')} and {nameOf(seats, 'b')}, {turns} turns
          </option>
        ))}
      </datalist>
      <button
        type="submit"
        class={isShown ? undefined : 'strong'}
        disabled={!isReady}
        title={isReady ? undefined : 'Name two meetings first'}
      >
        Compare
      </button>
    </form>
  );
}
