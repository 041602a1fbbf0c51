import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { describeModel, describePair, formatNumber, nameOf } from '../../../journal/render/sentences.ts';
import type { NowMessage, NowRow } from '../../api.ts';
import { Time } from '../conversation/time.tsx';
import { StateBadge } from '../meeting/state-badge.tsx';
import { announce } from '../shell/announce.tsx';
import { formatDollars } from '../shell/dollars.ts';
import { Empty } from '../shell/problem.tsx';
import { openStream } from '../shell/stream.ts';
import { useTitle } from '../shell/title.ts';
import { BuiltInButton } from '../start/built-in-button.tsx';

/** The meetings that run. */
export function NowPage(): JSX.Element {
  const rows = useMemo(() => signal<NowMessage | undefined>(undefined), []);
  const isLost = useMemo(() => signal(false), []);
  useEffect(() => {
    const opened = openStream('/api/now', { on: { rows: (data) => (rows.value = data as NowMessage) } });
    const stopLooking = opened.isLost.subscribe((lost) => (isLost.value = lost));
    return () => {
      stopLooking();
      opened.close();
    };
  }, []);
  const known = rows.value;
  useTitle(titleOf(known ?? []));
  useAnnouncements(known ?? []);
  return (
    <>
      <div class="headline">
        <h1>Now</h1>
        <a class="button strong" href="/start">
          Start a meeting
        </a>
      </div>
      {isLost.value ? (
        <p class="lost" role="status">
          Connection lost, trying again.
        </p>
      ) : null}
      {known === undefined && !isLost.value ? <p class="loading">Looking for meetings…</p> : null}
      {known?.length === 0 ? <Nobody /> : null}
      <ul class="meetings">
        {known?.map((row) => (
          <li key={row.meeting}>
            <MeetingCard row={row} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Whoever looks at something else sees on the tab that somebody waits for them. */
function titleOf(rows: NowMessage): string {
  const waiting = rows.filter(({ approvals }) => approvals !== undefined).length;
  const all = rows.length === 0 ? 'Now' : `Now (${rows.length})`;
  return waiting === 0 ? all : `${waiting} ${waiting === 1 ? 'waits' : 'wait'} for approval · ${all}`;
}

/** What a screen reader is told: that a meeting has begun to wait for somebody. */
function useAnnouncements(rows: NowMessage): void {
  const told = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const waiting = rows.filter(({ approvals }) => approvals !== undefined);
    const fresh = waiting.filter(({ meeting }) => !told.current.has(meeting));
    told.current = new Set(waiting.map(({ meeting }) => meeting));
    if (fresh.length === 0) return;
    announce(fresh.map((row) => `${describePair(row.seats)}: ${describeWaiting(row.approvals)}`).join('\n'));
  }, [rows]);
}

/** Empty where nothing waits. */
function describeWaiting(approvals = 0): string {
  if (approvals === 0) return '';
  return approvals === 1 ? 'a block waits for approval' : `${approvals} blocks wait for approval`;
}

function Nobody(): JSX.Element {
  return (
    <Empty title="No meeting is going on">
      <p>
        Two characters from the first years of the field are always at hand. They need no key and no model.
      </p>
      <BuiltInButton />
      <p>
        Or <a href="/start">choose who meets whom</a>, or see in <a href="/setup">Setup</a> what is there.
      </p>
    </Empty>
  );
}

function MeetingCard({ row }: { readonly row: NowRow }): JSX.Element {
  const { seats, turns, tokens, cost } = row;
  const models = [...new Set([describeModel(seats.a), describeModel(seats.b)])].filter(
    (model) => model !== '',
  );
  const facts = [
    turns === 1 ? '1 turn' : `${formatNumber(turns)} turns`,
    tokens === undefined || tokens === 0 ? '' : `${formatNumber(tokens)} tokens`,
    cost === undefined || cost === 0 ? '' : formatDollars(cost),
    row.flags.length === 0 ? '' : row.flags.length === 1 ? '1 flag' : `${row.flags.length} flags`,
  ].filter((fact) => fact !== '');
  const waiting = describeWaiting(row.approvals);
  return (
    <article class="card meeting">
      <p class="kicker">
        <StateBadge state={row.state} />
        {waiting === '' ? null : <span class="badge approval-due">{waiting}</span>}
        <span>
          since <Time iso={row.startedAt} format="since" />
        </span>
      </p>
      <h2>
        <a href={`/meetings/${encodeURIComponent(row.meeting)}`}>
          <span class="a">{nameOf(seats, 'a')}</span> <i>and</i> <span class="b">{nameOf(seats, 'b')}</span>
        </a>
      </h2>
      <p class="soft">{models.join(' · ')}</p>
      <p class="facts">{facts.join(' · ')}</p>
    </article>
  );
}
