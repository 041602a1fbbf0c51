import type { JSX } from 'preact';
import { usageTable } from '../../../journal/usage-table.ts';
import { describeModel, formatNumber, languageName, nameOf } from '../../../journal/render/sentences.ts';
import type { Seat } from '../../../wire/types.ts';
import type { MeetingDetail } from '../../api.ts';
import { Time } from '../conversation/time.tsx';
import { formatDollars } from '../shell/dollars.ts';
import { StateBadge } from './state-badge.tsx';
import type { Watched } from './watch.ts';

interface MeetingHeadProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
}

/** Who meets whom, since when, and how far they are. */
export function MeetingHead({ detail, watched }: MeetingHeadProps): JSX.Element {
  const { seats, row } = detail;
  const outline = watched.model.outline.value;
  const known = outline.turns >= row.turns ? outline : undefined;
  const usage = known ? usageTable(known)?.together : undefined;
  const tokens = usage?.usage ? usage.usage.input + usage.usage.output : row.tokens;
  const cost = usage ? usage.cost : row.cost;
  const turns = known?.turns ?? row.turns;
  const max = watched.control.value?.limits.maxMessages ?? 0;
  const facts = [
    `${formatNumber(turns)}${max > 0 ? ` of ${formatNumber(max)}` : ''} ${turns === 1 && max === 0 ? 'turn' : 'turns'}`,
    tokens === undefined || tokens === 0 ? '' : `${formatNumber(tokens)} tokens`,
    cost === undefined || cost === 0 ? '' : formatDollars(cost),
  ].filter((fact) => fact !== '');
  return (
    <header class="cover">
      <p class="kicker">
        <StateBadge state={watched.state.value ?? row.state} />
        <Time iso={row.startedAt} format="moment" />
        <span class="id">{row.meeting}</span>
      </p>
      {detail.parent ? (
        <p class="kicker">
          <span>
            A fork of{' '}
            <a href={`/meetings/${encodeURIComponent(detail.parent.meeting)}`}>{detail.parent.meeting}</a>,
            from turn {detail.parent.turn}
          </span>
        </p>
      ) : null}
      <h1>
        <span class="a">{nameOf(seats, 'a')}</span> <i>and</i> <span class="b">{nameOf(seats, 'b')}</span>
      </h1>
      <p class="sides">
        <Side seat="a" seats={seats} />
        <Side seat="b" seats={seats} />
      </p>
      <p class="facts">{facts.join(' · ')}</p>
    </header>
  );
}

function Side({ seat, seats }: { readonly seat: Seat; readonly seats: MeetingDetail['seats'] }): JSX.Element {
  const { lang } = seats[seat];
  const words = [describeModel(seats[seat]), lang === undefined ? '' : languageName(lang)].filter(
    (word) => word !== '',
  );
  return (
    <span class={seat}>
      <b>{nameOf(seats, seat)}</b> {words.join(', ')}
    </span>
  );
}
