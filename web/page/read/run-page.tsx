import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { formatBytes, formatNumber, formatSeconds } from '../../../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../../../journal/render/visible-controls.ts';
import type { RunDetail, RunStep } from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { Words } from '../conversation/words.tsx';
import { Problem } from '../shell/problem.tsx';
import type { PageProps } from '../shell/routes.tsx';
import { useTitle } from '../shell/title.ts';
import { useKeptAnswer } from './kept-answer.ts';
import { RunGraphView } from './run-graph.tsx';
import { RunStateBadge } from './run-state.tsx';
import { describeSteps, describeTook } from './runs-page.tsx';

const refreshMs = 2_000;

/** One run of a pipeline or of the coder; one that is going on is looked at again and again. */
export function RunPage({ name }: PageProps): JSX.Element {
  const address = `/api/runs/${encodeURIComponent(name)}`;
  const { answer, problem } = useKeptAnswer<RunDetail>(address, ({ row }) =>
    row.state === 'running' ? refreshMs : 0,
  );
  useTitle(answer ? visibleLine(answer.row.title) : problem === undefined ? 'Run' : 'Not found');
  if (!answer)
    return problem === undefined ? <p class="loading">Reading the run…</p> : <Problem text={problem} />;
  const { row, steps, graph, files, hasReport, hasMoreFiles, documents } = answer;
  const facts = [describeSteps(row.steps), describeTook(row), describeTokens(steps)].filter(
    (fact) => fact !== '',
  );
  return (
    <>
      <header class="cover">
        <p class="kicker">
          <RunStateBadge state={row.state} />
          <span>{row.kind === 'code' ? 'Coding task' : 'Pipeline'}</span>
          <Time iso={row.startedAt} format="moment" />
          <span class="id">{row.id}</span>
        </p>
        <h1>{visibleLine(row.title)}</h1>
        <p class="facts" role="status">
          {facts.join(' · ')}
        </p>
      </header>
      {problem === undefined ? null : <Problem text={problem} />}
      {row.error === undefined ? null : <Problem text={visibleLine(row.error)} />}
      {row.request === undefined ? null : (
        <details class="request" open={row.request.length < 600}>
          <summary>{row.kind === 'code' ? 'The task' : 'The request'}</summary>
          <Words text={row.request} lang={undefined} />
        </details>
      )}
      {graph ? <RunGraphView graph={graph} steps={steps} /> : null}
      <h2>Steps</h2>
      {steps.length === 0 ? <p class="soft">No step has begun.</p> : null}
      <ol class="steps">
        {steps.map((step) => (
          <li key={step.name}>
            <StepView step={step} />
          </li>
        ))}
      </ol>
      {documents.length === 0 ? null : <h2>To read</h2>}
      {documents.map((file) => (
        <DocumentView key={file} address={`${address}/files/${file}`} title={file} />
      ))}
      {hasReport ? <Report address={`${address}/report.html`} title={row.title} /> : null}
      <h2>Files</h2>
      <ul class="files">
        {files.map(({ path, bytes }) => (
          <li key={path}>
            <a href={`${address}/files/${path.split('/').map(encodeURIComponent).join('/')}`} download>
              {visibleLine(path)}
            </a>{' '}
            <span class="soft">{formatBytes(bytes)}</span>
          </li>
        ))}
      </ul>
      {hasMoreFiles ? <p class="soft">There are more files in the folder of the run.</p> : null}
    </>
  );
}

function StepView({ step }: { readonly step: RunStep }): JSX.Element {
  const facts = [
    step.module === step.name ? '' : step.module,
    step.models.map(visibleLine).join(', '),
    step.tokens ? `${formatNumber(step.tokens)} tokens` : '',
    step.ms === undefined ? '' : formatSeconds(step.ms),
    step.attempts !== undefined && step.attempts > 1 ? `tried ${step.attempts} times` : '',
    step.fromCache ? 'from an earlier run' : '',
  ].filter((fact) => fact !== '');
  return (
    <article class="card step" id={`step-${step.name}`}>
      <h3>
        {step.name} <RunStateBadge state={step.state} />
      </h3>
      <p class="facts">{facts.join(' · ')}</p>
      {step.error === undefined ? null : (
        <p class={step.state === 'failed' ? 'error' : 'soft'}>{visibleLine(step.error)}</p>
      )}
      {step.output === undefined || step.output.trim() === '' ? null : (
        <details>
          <summary>Output</summary>
          <Words text={step.output} lang={undefined} />
          {step.isCut ? <p class="soft">This is its beginning; the whole is in the files below.</p> : null}
        </details>
      )}
    </article>
  );
}

/** Fetched when somebody opens it. */
function DocumentView({ address, title }: { readonly address: string; readonly title: string }): JSX.Element {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState('');
  const load = async (): Promise<void> => {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    setText(await response.text());
  };
  return (
    <details
      class="document"
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) load().catch((error: unknown) => setProblem(String(error)));
      }}
    >
      <summary>{title}</summary>
      {problem === '' ? null : <Problem text={problem} />}
      {text === undefined ? null : text.length > longestDocument ? (
        <pre tabIndex={0}>{visibleControls(text)}</pre>
      ) : (
        <Words text={text} lang={undefined} />
      )}
    </details>
  );
}

/** Beyond this, reading Markdown takes longer than anybody waits. */
const longestDocument = 400_000;

/** The frame may do nothing but be looked at, whatever stands in the report. */
function Report({ address, title }: { readonly address: string; readonly title: string }): JSX.Element {
  return (
    <>
      <h2>Report</h2>
      <p>
        <a href={address} target="_blank" rel="noopener">
          Open it by itself
        </a>
      </p>
      <iframe
        class="report"
        sandbox=""
        src={address}
        title={`Report of ${visibleLine(title)}`}
        loading="lazy"
      />
    </>
  );
}

function describeTokens(steps: readonly RunStep[]): string {
  const tokens = steps.reduce((sum, step) => sum + (step.tokens ?? 0), 0);
  return tokens === 0 ? '' : `${formatNumber(tokens)} tokens`;
}
