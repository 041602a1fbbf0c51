import type { JSX } from 'preact';
import { describeModel, formatDuration, formatNumber, nameOf } from '../../../journal/render/sentences.ts';
import { summarizeFlags } from '../../../journal/flag.ts';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { FoundMeeting, SearchHit, SortKey } from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { StateBadge } from '../meeting/state-badge.tsx';
import { formatDollars } from '../shell/dollars.ts';
import { change, type MeetingsQuery } from './meetings-query.ts';

interface MeetingsTableProps {
  readonly rows: readonly FoundMeeting[];
  readonly query: MeetingsQuery;
  readonly chosen: readonly string[];
  readonly onChoose: (meeting: string, isChosen: boolean) => void;
}

const columns: readonly { readonly sort: SortKey; readonly title: string; readonly class?: string }[] = [
  { sort: 'name', title: 'Who' },
  { sort: 'started', title: 'Began', class: 'wide' },
  { sort: 'ended', title: 'End', class: 'wide' },
  { sort: 'turns', title: 'Turns', class: 'figure wide' },
  { sort: 'tokens', title: 'Tokens', class: 'figure wide' },
  { sort: 'cost', title: 'Cost', class: 'figure wide' },
  { sort: 'duration', title: 'Took', class: 'figure wide' },
];

export function MeetingsTable({ rows, query, chosen, onChoose }: MeetingsTableProps): JSX.Element {
  return (
    <>
      <SortChoice query={query} />
      <table class="archive">
        <caption class="unseen">Meetings</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <SortableHead key={column.sort} column={column} query={query} />
            ))}
            <th scope="col">
              <span class="unseen">Compare</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.meeting} row={row} isChosen={chosen.includes(row.meeting)} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Row({
  row,
  isChosen,
  onChoose,
}: {
  readonly row: FoundMeeting;
  readonly isChosen: boolean;
  readonly onChoose: MeetingsTableProps['onChoose'];
}): JSX.Element {
  const { meeting, seats, startedAt, lastAt, turns, tokens, cost, flags, hits = [] } = row;
  const took = lastAt === undefined ? undefined : Date.parse(lastAt) - Date.parse(startedAt);
  const models = [...new Set([describeModel(seats.a), describeModel(seats.b)])].filter(
    (model) => model !== '',
  );
  const flagWords = summarizeFlags(flags);
  const link = `/meetings/${encodeURIComponent(meeting)}`;
  const end = row.ended ? <span class="ended">{row.ended}</span> : <StateBadge state={row.state} />;
  return (
    <tr>
      <th scope="row">
        <a class="who" href={link}>
          <span class="a">
            <b>{nameOf(seats, 'a')}</b>
          </span>{' '}
          <i>and</i>{' '}
          <span class="b">
            <b>{nameOf(seats, 'b')}</b>
          </span>
        </a>
        <span class="sub">{models.map(visibleLine).join(' · ')}</span>
        <span class="sub narrow">
          <Time iso={startedAt} format="moment" /> · {turns === 1 ? '1 turn' : `${formatNumber(turns)} turns`}
          {tokens ? ` · ${formatNumber(tokens)} tokens` : ''}
          {cost ? ` · ${formatDollars(cost)}` : ''} · {end}
        </span>
        {flagWords === '' ? null : <span class="sub flagged">Flagged: {flagWords}</span>}
        {row.parent === undefined ? null : <span class="sub">A fork of {visibleLine(row.parent)}</span>}
        {hits.length === 0 ? null : (
          <ul class="hits">
            {hits.map((hit) => (
              <li key={hit.turn}>
                <a href={`${link}#turn-${hit.turn}`}>
                  <span class="soft">Turn {hit.turn}:</span> <Marked hit={hit} />
                </a>
              </li>
            ))}
          </ul>
        )}
      </th>
      <td class="wide">
        <Time iso={startedAt} format="brief" />
      </td>
      <td class="wide">{end}</td>
      <td class="figure wide">{formatNumber(turns)}</td>
      <td class="figure wide">{tokens ? formatNumber(tokens) : ''}</td>
      <td class="figure wide">{cost === undefined ? '' : formatDollars(cost)}</td>
      <td class="figure wide">{took === undefined || Number.isNaN(took) ? '' : formatDuration(took)}</td>
      <td class="choose">
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={`Compare ${nameOf(seats, 'a')} and ${nameOf(seats, 'b')}, ${meeting}`}
          onChange={({ currentTarget }) => onChoose(meeting, currentTarget.checked)}
        />
      </td>
    </tr>
  );
}

function Marked({ hit }: { readonly hit: SearchHit }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  let at = 0;
  for (const [start, end] of hit.marks) {
    parts.push(hit.text.slice(at, start), <mark key={start}>{hit.text.slice(start, end)}</mark>);
    at = end;
  }
  return (
    <span dir="auto">
      {parts}
      {hit.text.slice(at)}
    </span>
  );
}

function sortOf(query: MeetingsQuery): { sort: string; order: 'ascending' | 'descending' } {
  const sort = query.sort ?? 'started';
  const usual = sort === 'name' ? 'ascending' : 'descending';
  return { sort, order: query.order === 'ascending' || query.order === 'descending' ? query.order : usual };
}

function SortableHead({
  column,
  query,
}: {
  readonly column: (typeof columns)[number];
  readonly query: MeetingsQuery;
}): JSX.Element {
  const { sort, order } = sortOf(query);
  const isSorted = sort === column.sort;
  const other = order === 'ascending' ? 'descending' : 'ascending';
  return (
    <th scope="col" class={column.class} aria-sort={isSorted ? order : undefined}>
      <button
        type="button"
        class="sort"
        onClick={() => change({ sort: column.sort, order: isSorted ? other : '' })}
      >
        {column.title}
        <span aria-hidden="true">{isSorted ? (order === 'ascending' ? ' ↑' : ' ↓') : ''}</span>
      </button>
    </th>
  );
}

/** Where the heads of the columns are not there to be pressed. */
function SortChoice({ query }: { readonly query: MeetingsQuery }): JSX.Element {
  const { sort, order } = sortOf(query);
  return (
    <label class="sort-choice narrow">
      <span>Sort by</span>
      <select
        value={`${sort} ${order}`}
        onChange={({ currentTarget }) => {
          const [by = '', way = ''] = currentTarget.value.split(' ');
          change({ sort: by, order: way });
        }}
      >
        {columns.map(({ sort: by, title }) =>
          (['descending', 'ascending'] as const).map((way) => (
            <option key={by + way} value={`${by} ${way}`}>
              {title}, {way}
            </option>
          )),
        )}
      </select>
    </label>
  );
}
