import { useEffect, useMemo, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { describePair } from '../../../journal/render/sentences.ts';
import type { MeetingDetail } from '../../api.ts';
import { useJson, type ApiProblem } from '../shell/api.ts';
import { lazy } from '../shell/lazy.tsx';
import { Empty, Problem } from '../shell/problem.tsx';
import { address } from '../shell/router.ts';
import type { PageProps } from '../shell/routes.tsx';
import { useTitle } from '../shell/title.ts';
import { LiveConversation } from './live-conversation.tsx';
import { MeetingHead } from './meeting-head.tsx';
import { watchMeeting, type Watched } from './watch.ts';

const MeetingFacts = lazy<PageProps>(async () => (await import('../read/meeting-facts.tsx')).MeetingFacts);

/** One meeting, while it goes on and afterwards. */
export function MeetingPage({ name }: PageProps): JSX.Element {
  const { answer, problem } = useJson<MeetingDetail>(`/api/meetings/${encodeURIComponent(name)}`);
  // At once: what was said takes no longer to come than what there is to know of it.
  const watched = useWatched(name);
  useTitle(titleOf(answer, problem));
  const isGone = problem?.status === 404;
  useEffect(() => {
    if (isGone) watched.close();
  }, [isGone, watched]);
  if (answer) return <Meeting detail={answer} name={name} watched={watched} />;
  if (!problem) return <p class="loading">Opening the meeting…</p>;
  if (isGone) {
    return (
      <>
        <h1>Not found</h1>
        <Empty title="There is no such meeting">
          <p>
            <a href="/meetings">The archive</a> has those that there are.
          </p>
        </Empty>
      </>
    );
  }
  return <Problem text={problem.message} />;
}

function titleOf(detail: MeetingDetail | undefined, problem: ApiProblem | undefined): string {
  if (!detail) return problem?.status === 404 ? 'Not found' : 'Meeting';
  const pair = describePair(detail.seats);
  return address.value.query.get('view') === 'facts' ? `Facts: ${pair}` : pair;
}

interface MeetingProps extends PageProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
}

function Meeting({ detail, name, watched }: MeetingProps): JSX.Element {
  const { query, path } = address.value;
  const view = query.get('view') === 'facts' ? 'facts' : 'conversation';
  return (
    <>
      <MeetingHead detail={detail} watched={watched} />
      <nav class="tabs" aria-label="Views of the meeting">
        <a href={path} aria-current={view === 'conversation' ? 'page' : undefined}>
          Conversation
        </a>
        <a href={`${path}?view=facts`} aria-current={view === 'facts' ? 'page' : undefined}>
          Facts
        </a>
      </nav>
      {view === 'facts' ? (
        <MeetingFacts name={name} />
      ) : (
        <LiveConversation detail={detail} watched={watched} />
      )}
    </>
  );
}

function useWatched(name: string): Watched {
  const [, setRound] = useState(0);
  const watched = useMemo(() => watchMeeting(name), [name]);
  useEffect(() => {
    setRound((round) => round + 1);
    return () => watched.close();
  }, [watched]);
  return watched;
}
