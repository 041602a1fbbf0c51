import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { resultsHeading } from '../../../journal/block.ts';
import { nameOf } from '../../../journal/render/sentences.ts';
import { visibleControls } from '../../../journal/render/visible-controls.ts';
import { seats, type Seat } from '../../../wire/types.ts';
import type { MeetingDetail, SeatMessage } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { postJson } from '../shell/api.ts';
import { Problem } from '../shell/problem.tsx';
import { openStream } from '../shell/stream.ts';
import type { Steer } from './steering-bar.tsx';
import type { Watched } from './watch.ts';

export function seatAddress(meeting: string, seat: Seat): string {
  return `/api/meetings/${encodeURIComponent(meeting)}/seats/${seat}`;
}

interface SeatsProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
  readonly steer: Steer;
  readonly why: string;
}

/** Takes a seat for oneself, and gives it back. */
export function Seats({ detail, watched, steer, why }: SeatsProps): JSX.Element {
  const [problem, setProblem] = useState('');
  const taken = watched.control.value?.taken ?? [];
  const take = async (seat: Seat): Promise<void> => {
    await postJson(`${seatAddress(detail.row.meeting, seat)}/take`, {});
    watched.own.value = [...watched.own.value.filter((other) => other !== seat), seat];
    await steer({ action: 'status' });
  };
  return (
    <fieldset>
      <legend>Talk yourself</legend>
      {problem === '' ? null : <Problem text={problem} />}
      <div class="row">
        {seats.map((seat) => {
          const isTaken = taken.includes(seat);
          const run = (): Promise<unknown> => (isTaken ? steer({ action: 'give', seat }) : take(seat));
          return (
            <Action key={seat} run={run} why={why} isPressed={isTaken} onProblem={setProblem}>
              {isTaken ? 'Give back' : 'Take'} the seat of {nameOf(detail.seats, seat)}
            </Action>
          );
        })}
      </div>
    </fieldset>
  );
}

interface SeatNewsProps {
  readonly meeting: string;
  readonly seat: Seat;
  readonly watched: Watched;
}

/** What only the one on the seat is told. As long as somebody listens here, the seat is theirs. */
export function SeatNews({ meeting, seat, watched }: SeatNewsProps): JSX.Element | null {
  const [news, setNews] = useState('');
  useEffect(() => {
    const leave = (): void => {
      stream.close();
      watched.own.value = watched.own.value.filter((other) => other !== seat);
    };
    const stream = openStream(`${seatAddress(meeting, seat)}/events`, {
      on: {
        seat: (data) => {
          const message = data as SeatMessage;
          const words = wordsOf(message);
          if (words !== undefined) setNews(words);
          if (message.type === 'left') leave();
        },
      },
      onRefused: leave,
    });
    return () => stream.close();
  }, [meeting, seat]);
  return news === '' ? null : (
    <p class="seat-news soft" role="status">
      {visibleControls(news)}
    </p>
  );
}

function wordsOf(message: SeatMessage): string | undefined {
  switch (message.type) {
    case 'taken':
      return `The seat is yours: what you send now is said to ${message.partner}.`;
    case 'start':
      return 'You are to begin.';
    case 'note':
      // The results of one's code stand above already.
      return message.text.startsWith(resultsHeading) ? undefined : message.text;
    case 'status':
      return message.text;
    case 'bye':
      return 'Your partner says goodbye.';
    case 'left':
      return message.reason;
    default:
      return undefined;
  }
}
