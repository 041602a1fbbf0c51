import { Turnstile } from '../../journal/render/turnstile.ts';
import { visibleControls } from '../../journal/render/visible-controls.ts';
import { createQuery } from '../../journal/search-query.ts';
import { searchMeetings, type Hit } from '../../journal/search.ts';
import type { MeetingRow, MeetingState } from '../api.ts';
import type { ArchiveAnswer, ArchiveQuery, FoundMeeting, SearchHit } from '../archive-api.ts';
import type { Archive } from './archive.ts';
import { choicesOf, filterRows, rowHas, sortRows, wordsOf } from './archive-filter.ts';

export type StateOf = (meeting: string) => MeetingState | undefined;

/**
 * Answers what is asked of the archive. Rejects with ColloquyError `bad-pattern`, or the reason of `signal`.
 */
export class ArchiveList {
  readonly #archive: Archive;
  readonly #stateOf: StateOf;
  #choices: { readonly rows: readonly MeetingRow[]; readonly choices: ArchiveAnswer['choices'] } | undefined;
  readonly #searches = new SearchMemory();

  /** `stateOf` says what a journal cannot: whether a meeting without an end still runs. */
  constructor(archive: Archive, stateOf: StateOf) {
    this.#archive = archive;
    this.#stateOf = stateOf;
  }

  async find(query: ArchiveQuery, signal: AbortSignal): Promise<ArchiveAnswer> {
    const rows = await this.#archive.rows();
    const wanted = filterRows(rows, query);
    const words = wordsOf(query.q ?? '');
    const problems: string[] = [];
    let found: readonly FoundMeeting[] = wanted;
    if (words.length > 0) {
      const searched = await this.#searches.search(this.#archive, words, wanted, signal);
      problems.push(...searched.problems);
      found = wanted.flatMap((row) => {
        const hits = searched.hits.get(row.meeting) ?? [];
        if (hits.length === 0) return rowHas(row, words) ? [row] : [];
        return [{ ...row, hits: [...hits] }];
      });
    }
    const sorted = sortRows(found, query);
    const { offset = 0, limit = 50 } = query;
    return {
      total: sorted.length,
      meetings: sorted.slice(offset, offset + limit).map((row) => this.#withState(row)),
      all: rows.length,
      choices: this.#choicesIn(rows),
      problems: problems.slice(0, 5),
    };
  }

  /** The rows are the same list until one of them changes. */
  #choicesIn(rows: readonly MeetingRow[]): ArchiveAnswer['choices'] {
    if (this.#choices?.rows !== rows) this.#choices = { rows, choices: choicesOf(rows) };
    return this.#choices.choices;
  }

  #withState(row: FoundMeeting): FoundMeeting {
    return row.state === 'ended' ? row : { ...row, state: this.#stateOf(row.meeting) ?? row.state };
  }
}

interface Remembered {
  readonly stamp: string | undefined;
  readonly hits: readonly SearchHit[];
}

const mostQueries = 8;
/** One search keeps all cores of a small machine busy. */
const searchesAtOnce = 2;
const mostHitsPerMeeting = 3;

/** What was found lately, so that only journals that have changed since are searched again. */
class SearchMemory {
  readonly #queries = new Map<string, Map<string, Remembered>>();
  readonly #turnstile = new Turnstile(searchesAtOnce);

  async search(
    archive: Archive,
    words: readonly string[],
    rows: readonly MeetingRow[],
    signal: AbortSignal,
  ): Promise<{ hits: ReadonlyMap<string, readonly SearchHit[]>; problems: readonly string[] }> {
    return this.#turnstile.run(async () => {
      signal.throwIfAborted();
      const known = this.#recall(words);
      const isFresh = ({ meeting }: MeetingRow): boolean =>
        known.has(meeting) && known.get(meeting)?.stamp === archive.stampOf(meeting);
      const stale = rows.filter((row) => !isFresh(row)).map(({ meeting }) => meeting);
      const problems: string[] = [];
      const stamps = new Map(stale.map((meeting) => [meeting, archive.stampOf(meeting)]));
      const found = new Map<string, readonly SearchHit[]>();
      if (stale.length > 0) {
        const options = { only: new Set(stale), signal };
        for await (const { hits, problem } of searchMeetings(
          archive.transcripts,
          createQuery(words),
          options,
        )) {
          if (problem !== undefined) problems.push(problem);
          const [first] = hits;
          if (first) found.set(first.meeting, hits.slice(0, mostHitsPerMeeting).map(toSearchHit));
        }
      }
      signal.throwIfAborted();
      for (const [meeting, stamp] of stamps) known.set(meeting, { stamp, hits: found.get(meeting) ?? [] });
      return { hits: new Map([...known].map(([meeting, { hits }]) => [meeting, hits])), problems };
    });
  }

  #recall(words: readonly string[]): Map<string, Remembered> {
    const key = JSON.stringify(words);
    const known = this.#queries.get(key) ?? new Map<string, Remembered>();
    this.#queries.delete(key);
    this.#queries.set(key, known);
    for (const oldest of this.#queries.keys()) {
      if (this.#queries.size <= mostQueries) break;
      this.#queries.delete(oldest);
    }
    return known;
  }
}

const charactersBefore = 60;
const charactersAround = 220;

/** A window of the turn, with what was found in it. */
export function toSearchHit({
  turn,
  seat,
  name,
  text,
  found,
}: Pick<Hit, 'turn' | 'seat' | 'name' | 'text' | 'found'>): SearchHit {
  const first = found[0]?.start ?? 0;
  const begin = isPairBroken(text, first - charactersBefore)
    ? first - charactersBefore - 1
    : first - charactersBefore;
  const from = Math.max(0, begin);
  const to = Math.min(text.length, from + charactersAround);
  const parts: { text: string; isFound: boolean }[] = [];
  let at = from;
  for (const { start, end } of found) {
    if (start < at || start >= to) continue;
    parts.push({ text: text.slice(at, start), isFound: false });
    parts.push({ text: text.slice(start, Math.min(end, to)), isFound: true });
    at = Math.min(end, to);
  }
  parts.push({ text: text.slice(at, to), isFound: false });
  let shown = from > 0 ? '…' : '';
  const marks: [number, number][] = [];
  for (const part of parts) {
    const visible = visibleControls(part.text);
    if (part.isFound) marks.push([shown.length, shown.length + visible.length]);
    shown += visible;
  }
  return { turn, seat, name, text: to < text.length ? `${shown}…` : shown, marks };
}

/** Whether a text cut here would lose half a character. */
function isPairBroken(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}
