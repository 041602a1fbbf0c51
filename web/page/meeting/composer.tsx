import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { nameOf } from '../../../journal/render/sentences.ts';
import { seats, type Seat } from '../../../wire/types.ts';
import type { MeetingDetail } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { postJson, problemText } from '../shell/api.ts';
import { Problem } from '../shell/problem.tsx';
import { useShortcut } from '../shell/shortcuts.tsx';
import { seatAddress } from './seats.tsx';
import type { Steer } from './steering-bar.tsx';
import type { Watched } from './watch.ts';

interface ComposerProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
  readonly steer: Steer;
  readonly why: string;
}

type Way = 'say' | `whisper-${Seat}` | `seat-${Seat}`;

/** Where a moderator writes: to both, to one alone, or as the one whose seat was taken. */
export function Composer({ detail, watched, steer, why }: ComposerProps): JSX.Element {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<Way>('say');
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcut('m', 'write as moderator', () => field.current?.focus());
  const own = watched.own.value;
  const isPossible = !chosen.startsWith('seat-') || own.some((seat) => chosen === `seat-${seat}`);
  const way: Way = isPossible ? chosen : 'say';
  useEffect(() => {
    const latest = own.at(-1);
    if (latest !== undefined) setChosen(`seat-${latest}`);
  }, [own]);
  const send = async (): Promise<void> => {
    const words = text.trim();
    if (way === 'say') await steer({ action: 'say', text: words });
    else if (way.startsWith('whisper-')) await steer({ action: 'whisper', seat: seatOf(way), text: words });
    else await postJson(`${seatAddress(detail.row.meeting, seatOf(way))}/say`, { text: words });
    setText('');
  };
  const whyNot = why !== '' ? why : text.trim() === '' ? 'Write something first.' : '';
  const submit = (): void => {
    if (whyNot !== '') return setProblem(whyNot);
    send().then(
      () => setProblem(''),
      (error: unknown) => setProblem(problemText(error)),
    );
  };
  return (
    <div class="composer">
      {problem === '' ? null : <Problem text={problem} />}
      <div class="line">
        <select
          aria-label="To whom"
          value={way}
          onChange={(event) => setChosen(event.currentTarget.value as Way)}
        >
          <option value="say">Say to both</option>
          {seats.map((seat) => (
            <option key={seat} value={`whisper-${seat}`}>
              Whisper to {nameOf(detail.seats, seat)}
            </option>
          ))}
          {own.map((seat) => (
            <option key={`seat-${seat}`} value={`seat-${seat}`}>
              Speak as {nameOf(detail.seats, seat)}
            </option>
          ))}
        </select>
        <textarea
          ref={field}
          rows={text.includes('\n') || text.length > 90 ? 3 : 1}
          value={text}
          maxLength={16_000}
          aria-label="Your words"
          placeholder={placeholders[way.split('-')[0] ?? '']}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        <Action look="strong" run={send} why={whyNot} onProblem={setProblem}>
          Send
        </Action>
      </div>
    </div>
  );
}

const placeholders: Readonly<Record<string, string>> = {
  say: 'What both are told',
  whisper: 'What one alone is told',
  seat: 'Your turn',
};

function seatOf(way: Way): Seat {
  return way.endsWith('b') ? 'b' : 'a';
}
