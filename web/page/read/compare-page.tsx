import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { describeComparison } from '../../../journal/render/comparison-sentence.ts';
import { languageTag } from '../../../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../../../journal/render/visible-controls.ts';
import type {
  ComparedMeeting,
  ComparedRowAnswer,
  ComparedTurnAnswer,
  ComparisonAnswer,
} from '../../archive-api.ts';
import { Time } from '../conversation/time.tsx';
import { Words } from '../conversation/words.tsx';
import { Problem } from '../shell/problem.tsx';
import { address } from '../shell/router.ts';
import { useTitle } from '../shell/title.ts';
import { ComparePicker } from './compare-picker.tsx';
import { useKeptAnswer } from './kept-answer.ts';
import { markDifferences, type Piece } from './mark-differences.ts';

/** Two meetings side by side: what is the same is folded away, where words differ they are marked. */
export function ComparePage(): JSX.Element {
  const { query } = address.value;
  const [left, right] = [query.get('a') ?? '', query.get('b') ?? ''];
  useTitle('Compare');
  return (
    <>
      <h1>Compare</h1>
      <ComparePicker key={`${left} ${right}`} left={left} right={right} />
      {left === '' || right === '' ? null : <Compared key={`${left} ${right}`} left={left} right={right} />}
    </>
  );
}

function Compared({ left, right }: { readonly left: string; readonly right: string }): JSX.Element {
  const { answer, problem } = useKeptAnswer<ComparisonAnswer>(
    `/api/compare?a=${encodeURIComponent(left)}&b=${encodeURIComponent(right)}`,
  );
  if (problem !== undefined) return <Problem text={problem} />;
  if (!answer) return <p class="loading">Comparing…</p>;
  return (
    <div class="compared">
      <div class="beside heads">
        <Head meeting={answer.left} />
        <Head meeting={answer.right} />
      </div>
      <p role="status">
        <b>{describeComparison(answer)}</b>
      </p>
      {groupsOf(answer.rows).map((group, at) =>
        group.type === 'same' ? (
          <Same key={at} rows={group.rows} answer={answer} />
        ) : (
          group.rows.map((row, index) => <Row key={`${at} ${index}`} row={row} answer={answer} />)
        ),
      )}
    </div>
  );
}

function Head({ meeting }: { readonly meeting: ComparedMeeting }): JSX.Element {
  const { seats, startedAt, ended } = meeting;
  return (
    <section class="card">
      <h2>
        <a href={`/meetings/${encodeURIComponent(meeting.meeting)}`}>
          <span class="a">{seats.a.name}</span> <i>and</i> <span class="b">{seats.b.name}</span>
        </a>
      </h2>
      <p class="soft">{startedAt === undefined ? null : <Time iso={startedAt} format="moment" />}</p>
      <p class="soft id">{visibleLine(meeting.meeting)}</p>
      <p class="soft">
        {[...new Set([seats.a.model, seats.b.model])].filter((one) => one !== '').join(' · ')}
      </p>
      <p class="soft">{ended}</p>
    </section>
  );
}

interface RowProps {
  readonly row: ComparedRowAnswer;
  readonly answer: ComparisonAnswer;
}

/** Two turns, as a page of a meeting has them; as they were written where that alone shows how they differ. */
function Row({ row, answer }: RowProps): JSX.Element {
  const [isAsWritten, setAsWritten] = useState(false);
  return (
    <div class={`beside ${row.type}`}>
      {(['left', 'right'] as const).map((which) => {
        const turn = turnOf(row, which);
        return (
          <div key={which} class={`side ${which} ${turn?.seat ?? ''}`}>
            {turn ? (
              <>
                <h3>
                  <b>{visibleLine(turn.name).trim() || turn.seat.toUpperCase()}</b>{' '}
                  <span class="soft">
                    {which}, turn {turn.turn}
                  </span>
                </h3>
                <Said
                  turn={turn}
                  lang={answer[which].seats[turn.seat].lang}
                  pieces={piecesOf(row, which)}
                  tag={which === 'left' ? 'del' : 'ins'}
                  isAsWritten={isAsWritten}
                  onUnseen={() => setAsWritten(true)}
                />
              </>
            ) : (
              <p class="unseen">Nothing on the {which}.</p>
            )}
          </div>
        );
      })}
    </div>
  );
}

function turnOf(row: ComparedRowAnswer, which: 'left' | 'right'): ComparedTurnAnswer | undefined {
  if (which === 'left') return 'left' in row ? row.left : undefined;
  return 'right' in row ? row.right : undefined;
}

/** What one side says, in pieces; empty where nothing is the same, or everything. */
function piecesOf(row: ComparedRowAnswer, which: 'left' | 'right'): readonly Piece[] {
  if (row.type !== 'changed' || row.words.every(({ type }) => type !== 'same')) return [];
  return row.words
    .filter(({ type }) => type === 'same' || type === which)
    .map(({ type, text }) => ({ text, isOther: type !== 'same' }));
}

interface SaidProps {
  readonly turn: ComparedTurnAnswer;
  readonly lang: string | undefined;
  readonly pieces: readonly Piece[];
  readonly tag: 'del' | 'ins';
  readonly isAsWritten: boolean;
  readonly onUnseen: () => void;
}

function Said({ turn, lang, pieces, tag: Tag, isAsWritten, onUnseen }: SaidProps): JSX.Element {
  if (!isAsWritten) {
    const mark = (element: HTMLElement): void => {
      if (!markDifferences(element, pieces, Tag)) onUnseen();
    };
    return <Words text={turn.text} lang={lang} onRead={mark} />;
  }
  return (
    <div class="words as-written" lang={languageTag(lang)} dir="auto">
      <p class="plain">
        {pieces.map(({ text, isOther }, at) =>
          isOther ? (
            <Tag key={at} class="differs">
              {visibleControls(text)}
            </Tag>
          ) : (
            visibleControls(text)
          ),
        )}
      </p>
    </div>
  );
}

type SameRow = Extract<ComparedRowAnswer, { type: 'same' }>;

function Same({
  rows,
  answer,
}: {
  readonly rows: readonly SameRow[];
  readonly answer: ComparisonAnswer;
}): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="same">
      <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {describeSame(rows)}
      </button>
      {isOpen ? rows.map((row) => <Row key={row.left.turn} row={row} answer={answer} />) : null}
    </div>
  );
}

type Group =
  | { readonly type: 'same'; readonly rows: readonly SameRow[] }
  | { readonly type: 'other'; readonly rows: readonly ComparedRowAnswer[] };

function groupsOf(rows: readonly ComparedRowAnswer[]): Group[] {
  const groups: { type: Group['type']; rows: ComparedRowAnswer[] }[] = [];
  for (const row of rows) {
    const type = row.type === 'same' ? 'same' : 'other';
    const last = groups.at(-1);
    if (last?.type === type) last.rows.push(row);
    else groups.push({ type, rows: [row] });
  }
  return groups as Group[];
}

function describeSame(rows: readonly SameRow[]): string {
  const span = (from: number, to: number): string =>
    from === to ? `turn ${from}` : `turns ${from} to ${to}`;
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return '';
  const left = span(first.left.turn, last.left.turn);
  const right = span(first.right.turn, last.right.turn);
  const which = left === right ? left : `${left} on the left, ${right} on the right`;
  return `${which.charAt(0).toUpperCase()}${which.slice(1)}: the same`;
}
