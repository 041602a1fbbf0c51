import type { JSX } from 'preact';
import { formatDuration } from '../../../journal/render/sentences.ts';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { RunRow, RunsAnswer } from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { Empty, Problem } from '../shell/problem.tsx';
import { useTitle } from '../shell/title.ts';
import { useKeptAnswer } from './kept-answer.ts';
import { RunStateBadge } from './run-state.tsx';

const refreshMs = 3_000;

/** Runs of pipelines and of the coder. */
export function RunsPage(): JSX.Element {
  useTitle('Runs');
  const { answer, problem } = useKeptAnswer<RunsAnswer>('/api/runs', ({ runs }) =>
    runs.some(({ state }) => state === 'running') ? refreshMs : 0,
  );
  return (
    <>
      <h1>Runs</h1>
      {problem === undefined ? null : <Problem text={problem} />}
      {!answer && problem === undefined ? <p class="loading">Looking for runs…</p> : null}
      {answer?.runs.length === 0 ? (
        <Empty title="Nothing was run yet">
          <p>
            What <code>colloquy pipeline run</code> and <code>colloquy code</code> do in the folder{' '}
            <code>runs</code> is shown here, as it happens.
          </p>
        </Empty>
      ) : null}
      <ul class="runs">
        {answer?.runs.map((run) => (
          <li key={run.id}>
            <RunCard run={run} />
          </li>
        ))}
      </ul>
    </>
  );
}

function RunCard({ run }: { readonly run: RunRow }): JSX.Element {
  const { steps } = run;
  return (
    <article class="card run">
      <p class="kicker">
        <RunStateBadge state={run.state} />
        <span>{run.kind === 'code' ? 'Coding task' : 'Pipeline'}</span>
        <Time iso={run.startedAt} format="moment" />
      </p>
      <h2>
        <a href={`/runs/${encodeURIComponent(run.id)}`}>{visibleLine(run.title)}</a>
      </h2>
      {run.kind === 'pipeline' && run.request !== undefined ? (
        <p class="request" dir="auto">
          {visibleLine(run.request.slice(0, 300))}
        </p>
      ) : null}
      <p class="facts">{describeSteps(steps)}</p>
    </article>
  );
}

/** "3 of 5 steps done, 1 failed". */
export function describeSteps({ done, failed, skipped, all }: RunRow['steps']): string {
  if (all === 0) return 'No step has begun';
  const facts = [`${done} of ${all === 1 ? '1 step' : `${all} steps`} done`];
  if (skipped > 0) facts.push(`${skipped} skipped`);
  if (failed > 0) facts.push(`${failed} failed`);
  return facts.join(', ');
}

/** "took 12 min 5 s", nothing while it is not over. */
export function describeTook({ startedAt, endedAt }: RunRow): string {
  return endedAt === undefined ? '' : `took ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
}
