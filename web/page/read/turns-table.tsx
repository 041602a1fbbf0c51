import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { formatNumber, formatSeconds, nameOf } from '../../../journal/render/sentences.ts';
import type { Series, SeriesPoint } from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { announce } from '../shell/announce.tsx';
import { formatDollars } from '../shell/dollars.ts';

interface TurnsTableProps {
  readonly series: Series;
  readonly meeting: string;
}

const firstRows = 100;

/** All turns in figures, each with a link to its words that can be copied. */
export function TurnsTable({ series, meeting }: TurnsTableProps): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const { points, names } = series;
  const seats = { a: { name: names.a }, b: { name: names.b } };
  const has = (of: (point: SeriesPoint) => boolean): boolean => points.some(of);
  const shows = {
    ms: has(({ ms }) => ms !== undefined),
    tokens: has(({ input = 0, output = 0 }) => input + output > 0),
    cost: has(({ cost = 0 }) => cost > 0),
    code: has(({ ran }) => ran > 0),
  };
  const shown = isWhole ? points : points.slice(0, firstRows);
  return (
    <>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Table of turns">
        <table class="figures turns">
          <thead>
            <tr>
              <th scope="col">Turn</th>
              <th scope="col">Who</th>
              <th scope="col">Begins</th>
              <th scope="col">At</th>
              {shows.ms ? <th scope="col">Took</th> : null}
              {shows.tokens ? <th scope="col">Read</th> : null}
              {shows.tokens ? <th scope="col">Written</th> : null}
              {shows.cost ? <th scope="col">Cost</th> : null}
              {shows.cost ? <th scope="col">In all</th> : null}
              {shows.code ? <th scope="col">Code</th> : null}
              <th scope="col">
                <span class="unseen">Link</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((point) => (
              <tr key={point.turn}>
                <th scope="row">
                  <a href={`/meetings/${encodeURIComponent(meeting)}#turn-${point.turn}`}>{point.turn}</a>
                </th>
                <td class={point.seat}>
                  <b title={nameOf(seats, point.seat)}>{nameOf(seats, point.seat)}</b>
                </td>
                <td class="begins" dir="auto">
                  {point.begins}
                  <Remarks point={point} />
                </td>
                <td>
                  <Time iso={point.t} />
                </td>
                {shows.ms ? <td>{point.ms === undefined ? '' : formatSeconds(point.ms)}</td> : null}
                {shows.tokens ? <td>{figure(point.input)}</td> : null}
                {shows.tokens ? <td>{figure(point.output)}</td> : null}
                {shows.cost ? <td>{point.cost === undefined ? '' : formatDollars(point.cost)}</td> : null}
                {shows.cost ? <td>{formatDollars(point.costSoFar)}</td> : null}
                {shows.code ? (
                  <td>{point.ran === 0 ? '' : `${point.ran - point.failed} of ${point.ran} ok`}</td>
                ) : null}
                <td>
                  <CopyLink meeting={meeting} turn={point.turn} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < points.length ? (
        <p>
          <button type="button" onClick={() => setWhole(true)}>
            Show all {formatNumber(points.length)} turns
          </button>
        </p>
      ) : null}
    </>
  );
}

function Remarks({ point }: { readonly point: SeriesPoint }): JSX.Element | null {
  const remarks = [
    ...point.flags.map((flag) => `flagged: ${flag}`),
    point.isInherited ? 'taken over' : '',
    point.isModerator ? 'by the moderator' : '',
  ].filter((remark) => remark !== '');
  return remarks.length === 0 ? null : <span class="sub">{remarks.join(', ')}</span>;
}

/** Puts the address of one turn where it can be pasted. */
function CopyLink({ meeting, turn }: { readonly meeting: string; readonly turn: number }): JSX.Element {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  const copy = async (): Promise<void> => {
    const link = new URL(`/meetings/${encodeURIComponent(meeting)}#turn-${turn}`, window.location.href);
    try {
      await navigator.clipboard.writeText(link.href);
      setState('copied');
      announce(`The link to turn ${turn} is copied`);
    } catch {
      setState('failed');
    }
    setTimeout(() => setState('ready'), 2_000);
  };
  const words = { ready: 'Copy link', copied: 'Copied', failed: 'Not allowed' }[state];
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={`${words}: turn ${turn}`}
      onClick={() => void copy()}
    >
      {words}
    </button>
  );
}

function figure(value: number | undefined): string {
  return value === undefined ? '' : formatNumber(value);
}
