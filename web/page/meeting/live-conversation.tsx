import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { describeEnd, describeExecution, describeFlags, nameOf } from '../../../journal/render/sentences.ts';
import { describeTranslations } from '../../../journal/render/translations.ts';
import { visibleControls } from '../../../journal/render/visible-controls.ts';
import type { MeetingDetail } from '../../api.ts';
import { Conversation } from '../conversation/conversation.tsx';
import { follow, type Following } from '../conversation/follow.ts';
import { announce } from '../shell/announce.tsx';
import { useShortcut } from '../shell/shortcuts.tsx';
import { SteeringBar } from './steering-bar.tsx';
import type { Watched } from './watch.ts';

interface LiveConversationProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
}

/** The conversation, and below it what a moderator can do while it goes on. */
export function LiveConversation({ detail, watched }: LiveConversationProps): JSX.Element {
  const { model } = watched;
  const state = watched.state.value ?? detail.row.state;
  const isGoingOn = state === 'running' || state === 'paused';
  const place = useRef<HTMLDivElement>(null);
  const following = useFollowing(place, isGoingOn);
  useAnnouncements(watched, detail.row.turns);
  const { turns } = model.outline.value;
  const isAtBottom = following?.isFollowing.value ?? true;
  const seen = useRef(turns);
  if (isAtBottom || seen.current > turns) seen.current = turns;
  const unseen = turns - seen.current;
  useShortcut('b', 'go to the end and follow', () => following?.toBottom());
  return (
    <>
      <div ref={place}>
        {model.items.value.length === 0 && isGoingOn ? (
          <p class="loading">Nobody has said anything yet.</p>
        ) : null}
        <Conversation model={model} isGoingOn={isGoingOn} own={watched.own.value} />
        {isGoingOn ? null : <End watched={watched} state={state} meeting={detail.row.meeting} />}
      </div>
      <div class={isGoingOn ? 'dock' : 'dock over'}>
        {unseen > 0 && isGoingOn && !isAtBottom ? (
          <button type="button" class="strong new-turns" onClick={() => following?.toBottom()}>
            {unseen === 1 ? '1 new turn' : `${unseen} new turns`} ↓
          </button>
        ) : null}
        {watched.isLost.value ? (
          <p class="lost" role="status">
            Connection lost, trying again. Nothing that is said is missed.
          </p>
        ) : null}
        <SteeringBar detail={detail} watched={watched} isGoingOn={isGoingOn} />
      </div>
    </>
  );
}

/** A conversation that goes on is shown from its end, unless a turn was asked for; one that is over from its beginning. */
function useFollowing(
  place: { readonly current: Element | null },
  isGoingOn: boolean,
): Following | undefined {
  const [following, setFollowing] = useState<Following>();
  useEffect(() => {
    if (!place.current || !isGoingOn) return;
    const started = follow(place.current, window.location.hash === '');
    setFollowing(started);
    return () => {
      started.stop();
      setFollowing(undefined);
    };
  }, [isGoingOn]);
  return following;
}

/** What a screen reader is told: turns that come, whole, and not those that were there when the page was opened. */
function useAnnouncements({ model }: Watched, turnsAtFirst: number): void {
  const announced = useRef(turnsAtFirst);
  const outline = model.outline.value;
  useEffect(() => {
    const fresh = model.items
      .peek()
      .slice(-5)
      .flatMap((item) => (item.type === 'turn' && item.entry.turn > announced.current ? [item.entry] : []));
    if (fresh.length === 0) return;
    announced.current = outline.turns;
    announce(
      fresh.map(({ seat, text }) => `${nameOf(outline.seats, seat)}: ${visibleControls(text)}`).join('\n'),
    );
  }, [outline.turns]);
}

interface EndProps {
  readonly watched: Watched;
  readonly state: MeetingDetail['row']['state'];
  readonly meeting: string;
}

function End({ watched, state, meeting }: EndProps): JSX.Element | null {
  const outline = watched.model.outline.value;
  if (state === 'interrupted') {
    return (
      <footer class="end">
        <p>
          <b>Interrupted.</b> The proxy that held it is gone; all that was said is kept.
        </p>
        <p>
          To go on: <code>colloquy resume {meeting}</code>. This page shows what comes then.
        </p>
      </footer>
    );
  }
  if (!outline.stop) return null;
  const sentences = [
    describeEnd(outline),
    describeExecution(outline.execution),
    describeTranslations(outline),
    describeFlags(outline.flags, outline.seats),
  ].filter((sentence) => sentence !== '');
  return (
    <footer class="end">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </footer>
  );
}
