import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { formatNumber } from '../../../journal/render/sentences.ts';
import type { ArchiveAnswer } from '../../archive-api.ts';
import { Empty, Problem } from '../shell/problem.tsx';
import { address } from '../shell/router.ts';
import { useTitle } from '../shell/title.ts';
import { useKeptAnswer } from './kept-answer.ts';
import { MeetingsFilters } from './meetings-filters.tsx';
import { addressOf, filterKeys, pageSize, queryOf } from './meetings-query.ts';
import { MeetingsTable } from './meetings-table.tsx';

/** The archive: all meetings there are, found, sorted and turned over page by page. The address says what is shown. */
export function MeetingsPage(): JSX.Element {
  const query = queryOf(address.value.query);
  const path = addressOf('/api/meetings', query);
  const { answer, problem, isAsking } = useKeptAnswer<ArchiveAnswer>(path);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  useTitle('Archive');
  const choose = (meeting: string, isChosen: boolean): void =>
    setChosen((before) =>
      isChosen ? [...before, meeting].slice(-2) : before.filter((one) => one !== meeting),
    );
  const isFiltered = filterKeys.some((key) => query[key] !== undefined);
  if (answer?.all === 0) return <NothingYet />;
  return (
    <>
      <h1>Archive</h1>
      <MeetingsFilters query={query} choices={answer?.choices} />
      {problem === undefined ? null : <Problem text={problem} />}
      {answer?.problems.map((text) => (
        <Problem key={text} text={text} />
      ))}
      {answer ? (
        <div class={isAsking ? 'asking' : undefined}>
          <p class="soft found" role="status">
            {describe(answer, isFiltered)}
          </p>
          {answer.total === 0 ? (
            <Empty title="Nothing fits">
              <p>
                <a href="/meetings">Show all {formatNumber(answer.all)} meetings</a>
              </p>
            </Empty>
          ) : (
            <MeetingsTable rows={answer.meetings} query={query} chosen={chosen} onChoose={choose} />
          )}
          <Pages total={answer.total} offset={Number(query.offset ?? 0)} />
        </div>
      ) : problem === undefined ? (
        <p class="loading">Reading the journals…</p>
      ) : null}
      <ChosenBar chosen={chosen} onClear={() => setChosen([])} />
    </>
  );
}

function NothingYet(): JSX.Element {
  return (
    <>
      <h1>Archive</h1>
      <Empty title="No meeting was held yet">
        <p>
          <a href="/start">Start one</a>, and what is said is kept here.
        </p>
      </Empty>
    </>
  );
}

function Pages({ total, offset }: { readonly total: number; readonly offset: number }): JSX.Element | null {
  if (total <= pageSize && offset === 0) return null;
  const page = Math.floor(offset / pageSize);
  const pages = Math.max(1, Math.ceil(total / pageSize));
  const link = (to: number, words: string, isThere: boolean): JSX.Element =>
    isThere ? (
      <a
        class="button"
        href={addressOf('/meetings', { ...queryOf(address.value.query), offset: String(to * pageSize) })}
        onClick={() => window.scrollTo(0, 0)}
      >
        {words}
      </a>
    ) : (
      <button type="button" disabled title={`This is the ${words === 'Next' ? 'last' : 'first'} page`}>
        {words}
      </button>
    );
  return (
    <nav class="pages" aria-label="Pages of the list">
      {link(page - 1, 'Previous', page > 0)}
      <span class="soft">
        Page {page + 1} of {pages}
      </span>
      {link(page + 1, 'Next', page + 1 < pages)}
    </nav>
  );
}

/** Two that are chosen can be set side by side. */
function ChosenBar({
  chosen,
  onClear,
}: {
  readonly chosen: readonly string[];
  readonly onClear: () => void;
}): JSX.Element | null {
  const [first, second] = chosen;
  if (first === undefined) return null;
  return (
    <section class="chosen" aria-label="Compare">
      <p>{second === undefined ? 'Choose another meeting to compare with.' : 'Two meetings are chosen.'}</p>
      {second === undefined ? null : (
        <a
          class="button strong"
          href={`/compare?a=${encodeURIComponent(first)}&b=${encodeURIComponent(second)}`}
        >
          Compare
        </a>
      )}
      <button type="button" class="quiet" onClick={onClear}>
        Clear
      </button>
    </section>
  );
}

function describe({ total, all }: ArchiveAnswer, isFiltered: boolean): string {
  const meetings = (count: number): string => (count === 1 ? '1 meeting' : `${formatNumber(count)} meetings`);
  return isFiltered ? `${formatNumber(total)} of ${meetings(all)}` : meetings(all);
}
