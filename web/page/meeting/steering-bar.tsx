import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ControlAction, ControlAnswer, MeetingDetail } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { postJson, problemText } from '../shell/api.ts';
import { Problem } from '../shell/problem.tsx';
import { useShortcut } from '../shell/shortcuts.tsx';
import { ApprovalCard } from './approval-card.tsx';
import { Composer } from './composer.tsx';
import { LimitsForm } from './limits-form.tsx';
import { ReadAloud } from './read-aloud.tsx';
import { SeatNews, Seats } from './seats.tsx';
import type { Watched } from './watch.ts';

interface SteeringBarProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
  readonly isGoingOn: boolean;
}

export type Steer = (action: ControlAction) => Promise<ControlAnswer>;

/** What a moderator can do. What went wrong is said right above the buttons. */
export function SteeringBar({ detail, watched, isGoingOn }: SteeringBarProps): JSX.Element {
  const [problem, setProblem] = useState('');
  const [isMore, setMore] = useState(false);
  const { meeting } = detail.row;
  const control = watched.control.value;
  const steer: Steer = async (action) => {
    const answer = await postJson<ControlAnswer>(
      `/api/meetings/${encodeURIComponent(meeting)}/control`,
      action,
    );
    watched.control.value = answer.status;
    return answer;
  };
  const isPaused = control?.isPaused ?? false;
  const why = whyNot(isGoingOn, control !== undefined);
  const attempt = (action: ControlAction): void => {
    if (why !== '') return setProblem(why);
    steer(action).then(
      () => setProblem(''),
      (error: unknown) => setProblem(problemText(error)),
    );
  };
  useShortcut('p', 'pause, or go on', () => attempt({ action: isPaused ? 'resume' : 'pause' }));
  useShortcut('n', 'let one turn through', () => attempt({ action: 'step' }));
  useEffect(() => {
    if (!isGoingOn) setMore(false);
  }, [isGoingOn]);
  return (
    <section class="steering" aria-label="Steer the meeting">
      {watched.model.approvals.value.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} steer={steer} />
      ))}
      {problem === '' ? null : <Problem text={problem} />}
      {isGoingOn
        ? watched.own.value.map((seat) => (
            <SeatNews key={seat} meeting={meeting} seat={seat} watched={watched} />
          ))
        : null}
      {isGoingOn ? <Composer detail={detail} watched={watched} steer={steer} why={why} /> : null}
      <div class="row">
        {isGoingOn ? (
          <>
            <Action
              run={() => steer({ action: isPaused ? 'resume' : 'pause' })}
              why={why}
              isPressed={isPaused}
              onProblem={setProblem}
            >
              {isPaused ? 'Go on' : 'Pause'}
            </Action>
            <Action
              run={() => steer({ action: 'step' })}
              why={why === '' && !isPaused ? 'One turn at a time needs a pause first.' : why}
              onProblem={setProblem}
            >
              Step
            </Action>
          </>
        ) : null}
        <ReadAloud detail={detail} watched={watched} onProblem={setProblem} />
        {isGoingOn ? (
          <button
            type="button"
            class="quiet"
            aria-expanded={isMore}
            aria-controls="more"
            onClick={() => setMore(!isMore)}
          >
            {isMore ? 'Less' : 'More'}
          </button>
        ) : null}
        <Standing watched={watched} />
      </div>
      {isMore ? (
        <div id="more" class="more">
          <Seats detail={detail} watched={watched} steer={steer} why={why} />
          <LimitsForm control={control} steer={steer} why={why} />
          <div class="row">
            <Action run={() => steer({ action: 'goodbye' })} why={why} onProblem={setProblem}>
              Ask them to say goodbye
            </Action>
            <Action run={() => steer({ action: 'stop' })} why={why} look="danger" onProblem={setProblem}>
              Stop now
            </Action>
            <button type="button" class="quiet" onClick={() => watched.model.clear()}>
              Clear the view
            </button>
          </div>
        </div>
      ) : null}
    </section>
  );
}

/** How things stand, where that is not obvious. */
function Standing({ watched }: { readonly watched: Watched }): JSX.Element | null {
  const control = watched.control.value;
  if (!control?.isPaused) return null;
  const { waiting, steps } = control;
  const words = [
    'Paused.',
    waiting === 0 ? '' : waiting === 1 ? 'One message waits.' : `${waiting} messages wait.`,
    steps === 0 ? '' : 'The next turn comes through.',
  ];
  return (
    <span class="soft" role="status">
      {words.filter((word) => word !== '').join(' ')}
    </span>
  );
}

function whyNot(isGoingOn: boolean, isControlled: boolean): string {
  if (!isGoingOn) return 'The meeting is over.';
  return isControlled
    ? ''
    : 'The proxy of this meeting takes no orders: it was started with control off, or is not reachable.';
}
