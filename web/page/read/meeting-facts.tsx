import type { JSX } from 'preact';
import {
  describeEnd,
  describeExecution,
  describeFlag,
  formatBytes,
  formatDuration,
  formatNumber,
  nameOf,
} from '../../../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../../../journal/render/visible-controls.ts';
import { describePrices, usageCells } from '../../../journal/render/usage-cells.ts';
import type { UsageTable } from '../../../journal/usage-table.ts';
import type { MeetingDetail } from '../../api.ts';
import type { Series, TreeAnswer } from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { useJson } from '../shell/api.ts';
import { lazy } from '../shell/lazy.tsx';
import { Problem } from '../shell/problem.tsx';
import { ForkTree } from './fork-tree.tsx';
import { Share } from './share.tsx';
import { TurnsTable } from './turns-table.tsx';

const Charts = lazy<{ readonly series: Series }>(async () => (await import('./charts.tsx')).Charts);

/** What there is to know of a meeting beside its words. */
export function MeetingFacts({ name }: { readonly name: string }): JSX.Element {
  const address = `/api/meetings/${encodeURIComponent(name)}`;
  const { answer: detail, problem } = useJson<MeetingDetail>(address);
  const { answer: series, problem: seriesProblem } = useJson<Series>(`${address}/series`);
  const { answer: tree } = useJson<TreeAnswer>(`${address}/tree`);
  if (problem) return <Problem text={problem.message} />;
  if (!detail) return <p class="loading">Reading the journal…</p>;
  return (
    <div class="read-facts">
      <Downloads name={name} seats={detail.seats} />
      <About detail={detail} />
      {detail.usage ? <Usage usage={detail.usage as UsageTable} /> : null}
      <Flags detail={detail} name={name} />
      {seriesProblem ? <Problem text={seriesProblem.message} /> : null}
      {series && series.points.length > 0 ? (
        <>
          <h2>Figures</h2>
          <Share series={series} />
          <Charts series={series} />
          <h2 id="turns">Turns</h2>
          <TurnsTable series={series} meeting={name} />
        </>
      ) : null}
      {tree?.tree ? (
        <>
          <h2>Forks</h2>
          <ForkTree tree={tree.tree} meeting={name} />
        </>
      ) : null}
      <p>
        <a href={`/compare?a=${encodeURIComponent(name)}`}>Compare with another meeting</a>
      </p>
      <Files detail={detail} name={name} />
      <Settings detail={detail} />
    </div>
  );
}

const formats = [
  { format: 'html', title: 'HTML', describe: 'one page, for reading and printing' },
  { format: 'md', title: 'Markdown', describe: 'for editors and other tools' },
  { format: 'json', title: 'JSON', describe: 'the conversation as one object' },
  { format: 'jsonl', title: 'Journal', describe: 'all that happened, a line each' },
] as const;

function Downloads({
  name,
  seats,
}: {
  readonly name: string;
  readonly seats: MeetingDetail['seats'];
}): JSX.Element {
  const words = (['a', 'b'] as const).map((seat) => ({
    format: `${seat}.txt`,
    title: `Words of ${nameOf(seats, seat)}`,
    describe: 'what this one said, nothing else',
  }));
  return (
    <ul class="downloads" aria-label="Downloads">
      <li class="soft">Download</li>
      {[...formats, ...words].map(({ format, title, describe }) => (
        <li key={format}>
          <a
            class="button"
            href={`/api/meetings/${encodeURIComponent(name)}/transcript.${format}`}
            download
            title={describe}
          >
            {title}
          </a>
        </li>
      ))}
    </ul>
  );
}

function About({ detail }: { readonly detail: MeetingDetail }): JSX.Element {
  const { row, stop, execution, translation, torn, software } = detail;
  const took = row.lastAt === undefined ? undefined : Date.parse(row.lastAt) - Date.parse(row.startedAt);
  const end = describeEnd({
    turns: row.turns,
    torn,
    ...(stop
      ? { stop: { reason: stop.reason, ...(stop.detail === undefined ? {} : { detail: stop.detail }) } }
      : {}),
    ...(execution ? { execution } : {}),
  });
  const facts: readonly (readonly [string, JSX.Element | string | undefined])[] = [
    ['How it ended', end],
    ['Began', <Time iso={row.startedAt} format="moment" />],
    ['Took', took === undefined || Number.isNaN(took) ? undefined : formatDuration(took)],
    ['Code', execution ? describeExecution(execution) : undefined],
    [
      'Translated',
      translation
        ? `${formatNumber(translation.turns)} turns, ${formatDuration(translation.ms)} in all${translation.failed > 0 ? `, ${translation.failed} failed` : ''}`
        : undefined,
    ],
    ['Software', software === undefined ? undefined : visibleLine(software)],
  ];
  return (
    <dl class="about">
      {facts.map(([title, value]) =>
        value === undefined ? null : (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

function Usage({ usage }: { readonly usage: UsageTable }): JSX.Element {
  const [head = [], ...rows] = usageCells(usage);
  const prices = describePrices(usage);
  return (
    <>
      <h2>Tokens and cost</h2>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Tokens and cost">
        <table class="figures">
          <thead>
            <tr>
              {head.map((cell, at) => (
                <th key={at} scope="col">
                  {cell === '' ? <span class="unseen">Speaker</span> : cell}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([first = '', ...cells], at) => (
              <tr key={at}>
                <th scope="row">{first}</th>
                {cells.map((cell, index) => (
                  <td key={index}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {prices === undefined ? null : <p class="soft">{prices}</p>}
    </>
  );
}

function Flags({
  detail,
  name,
}: {
  readonly detail: MeetingDetail;
  readonly name: string;
}): JSX.Element | null {
  const { flags } = detail.row;
  if (flags.length === 0) return null;
  return (
    <>
      <h2>Flags</h2>
      <ul class="flags">
        {flags.map(({ flag, seat, turn }, at) => {
          const detailOf = (detail.row.flags[at] as { detail?: string } | undefined)?.detail ?? '';
          const words = describeFlag({ flag, detail: detailOf, ...(turn === undefined ? {} : { turn }) });
          const shown = `${nameOf(detail.seats, seat)} ${detailOf === '' ? words.replace(/: $/, '') : words}`;
          return (
            <li key={at}>
              {turn === undefined ? (
                shown
              ) : (
                <a href={`/meetings/${encodeURIComponent(name)}#turn-${turn}`}>{shown}</a>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Files({
  detail,
  name,
}: {
  readonly detail: MeetingDetail;
  readonly name: string;
}): JSX.Element | null {
  if (detail.files.length === 0) return null;
  return (
    <>
      <h2>Files</h2>
      <ul class="files">
        {detail.files.map(({ path, bytes }) => (
          <li key={path}>
            <a
              href={`/api/meetings/${encodeURIComponent(name)}/files/${path.split('/').map(encodeURIComponent).join('/')}`}
              download
            >
              {visibleLine(path)}
            </a>{' '}
            <span class="soft">{formatBytes(bytes)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const longestPersonaCharacters = 40_000;

function Settings({ detail }: { readonly detail: MeetingDetail }): JSX.Element {
  const { settings, seats } = detail;
  const json = (value: unknown): string => visibleControls(JSON.stringify(value, undefined, 2));
  return (
    <>
      <h2>Settings</h2>
      {settings ? (
        <details>
          <summary>The meeting</summary>
          <pre tabIndex={0}>{json(settings)}</pre>
        </details>
      ) : null}
      {(['a', 'b'] as const).map((seat) => {
        const { persona, ...rest } = seats[seat];
        return (
          <details key={seat}>
            <summary>{nameOf(seats, seat)}</summary>
            <pre tabIndex={0}>{json(rest)}</pre>
            {persona ? (
              <pre tabIndex={0} class="persona" dir="auto">
                {visibleControls(persona.text.slice(0, longestPersonaCharacters))}
              </pre>
            ) : null}
          </details>
        );
      })}
    </>
  );
}
