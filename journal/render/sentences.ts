import type { Participant, Seat, StopReason } from '../../wire/types.ts';
import type { Entry, ExecutionTotals, Outline } from '../conversation.ts';
import { flagNames, type Flag } from '../flag.ts';
import type { SeatTotals } from '../seat-totals.ts';
import { describeModerator, writtenByModerator } from './moderator-words.ts';
import { visibleLine } from './visible-controls.ts';

/** Why a meeting ended, for people. The one word follows in brackets wherever these are shown. */
const stopWords: { readonly [reason in StopReason]: string } = {
  end: 'they said goodbye',
  'max-messages': 'the message limit was reached',
  'max-seconds': 'the time was up',
  'max-tokens': 'the token limit was reached',
  'max-cost': 'the cost limit was reached',
  'tests-passed': 'enough tests passed',
  loop: 'they went round in circles',
  idle: 'nobody said anything for too long',
  'agent-lost': 'one of the two was gone',
  stopped: 'it was stopped',
  error: 'something went wrong',
};

/** "Ended after 10 turns: the message limit was reached (max-messages)". */
export function describeEnd({
  stop,
  turns,
  torn,
  execution,
}: Pick<Outline, 'stop' | 'turns' | 'torn' | 'execution'>): string {
  if (!stop) {
    const cut = torn ? ', and its last line is cut off' : '';
    return `Unfinished: after ${countTurns(turns)} the journal has no end yet${cut}`;
  }
  if (stop.reason === 'tests-passed' && execution && execution.passed > 0) {
    return `Ended after ${countTests(execution.passed, 'passed ')} in ${countTurns(turns)} (${stop.reason})`;
  }
  const sentence = `Ended after ${countTurns(turns)}: ${stopWords[stop.reason]} (${stop.reason})`;
  // The limit itself says no more than the number of turns just before it.
  if (stop.detail === undefined || stop.reason === 'max-messages') return sentence;
  return `${sentence}: ${visibleLine(stop.detail)}`;
}

/** What an entry that is no turn says, on one line and free of control characters. */
export function describeEntry(
  entry: Exclude<Entry, { type: 'turn' | 'block' | 'result' | 'translation' }>,
  seats: Outline['seats'],
): string {
  switch (entry.type) {
    case 'control':
      return `${nameOf(seats, entry.seat)} says /${entry.verb}${entry.by ? `, ${writtenByModerator}` : ''}`;
    case 'note':
      return `Note to ${nameOf(seats, entry.seat)}: ${visibleLine(entry.text)}`;
    case 'status':
      return `${nameOf(seats, entry.seat)}: ${visibleLine(entry.text)}`;
    case 'truncated': {
      const messages = entry.count === 1 ? 'one message' : `${entry.count} messages`;
      return `${nameOf(seats, entry.seat)} goes on without ${messages}, from message ${entry.start}: no room left in the context`;
    }
    case 'lost': {
      const unfinished =
        entry.partial === undefined ? '' : `, in the middle of “${visibleLine(entry.partial)}”`;
      return `${nameOf(seats, entry.seat)} is gone: ${visibleLine(entry.detail)}${unfinished}`;
    }
    case 'returned':
      return `${nameOf(seats, entry.seat)} is back`;
    case 'flag':
      return `Flagged: ${nameOf(seats, entry.seat)} ${describeFlag(entry)}`;
    case 'moderator':
      return describeModerator(entry, (seat) => nameOf(seats, seat));
    case 'unreadable':
      return `Line ${entry.line} of the journal cannot be read: ${entry.problem}`;
  }
}

const flagWords: { readonly [flag in Flag['flag']]: string } = {
  'never-spoke': 'never spoke',
  empty: 'answered empty',
  'broke-character': 'broke character',
  'spoke-both': 'spoke both parts',
  'switched-language': 'switched language',
};

/** "broke character in turn 6: “As an AI language model”". */
export function describeFlag({ flag, turn, detail }: Pick<Flag, 'flag' | 'turn' | 'detail'>): string {
  const words = flagWords[flag] + (turn === undefined ? '' : ` in turn ${turn}`);
  return flag === 'empty' || flag === 'never-spoke' ? words : `${words}: ${visibleLine(detail)}`;
}

/** "Flagged: Ben answered empty (turns 3, 5), Anna never spoke", empty where nothing is. */
export function describeFlags(flags: readonly Flag[], seats: Outline['seats']): string {
  const parts = (['a', 'b'] as const).flatMap((seat) =>
    flagNames.flatMap((name) => {
      const found = flags.filter((flag) => flag.seat === seat && flag.flag === name);
      if (found.length === 0) return [];
      const turns = found.map(({ turn }) => turn).filter((turn) => turn !== undefined);
      return `${nameOf(seats, seat)} ${flagWords[name]}${listTurns(turns)}`;
    }),
  );
  return parts.length === 0 ? '' : `Flagged: ${parts.join('; ')}`;
}

const mostListedTurns = 5;

function listTurns(turns: readonly number[]): string {
  if (turns.length === 0) return '';
  const more = turns.length - mostListedTurns;
  const listed = turns.slice(0, mostListedTurns).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return ` (${turns.length === 1 ? 'turn' : 'turns'} ${listed})`;
}

/** Why a reply is not what the speaker wanted to say, if it is not. */
export function describeFinish(finish: string | undefined): string | undefined {
  switch (finish) {
    case undefined:
    case 'stop':
      return undefined;
    case 'length':
      return 'cut off at the token limit';
    case 'content-filter':
      return 'stopped by a content filter';
    case 'refusal':
      return 'refused by the model';
    case 'empty':
      return 'the model said nothing';
    default:
      return `finish: ${visibleLine(finish)}`;
  }
}

/** "openai gpt-4o-mini", "eliza" when provider and model are one, empty when neither is known. */
export function describeModel({
  provider,
  model,
}: {
  readonly [part in 'provider' | 'model']?: string | undefined;
}): string {
  const parts = [provider, model]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => visibleLine(part ?? ''));
  return [...new Set(parts)].join(' ');
}

/** "5 turns", "1,204 characters", "3,210 tokens read (1,000 from cache)", "456 tokens written", … */
export function describeTotals({ turns, characters, usage, ms }: SeatTotals): string[] {
  const facts = [countTurns(turns), `${formatNumber(characters)} characters`];
  // The built-in speakers read and write none.
  if (usage && usage.input + usage.output > 0) {
    const cached = usage.cached > 0 ? ` (${formatNumber(usage.cached)} from cache)` : '';
    facts.push(
      `${formatNumber(usage.input)} tokens read${cached}`,
      `${formatNumber(usage.output)} tokens written`,
    );
  }
  if (ms !== undefined && turns > 0) facts.push(`${formatSeconds(ms / turns)} a turn`);
  return facts;
}

/** "2 tests passed, 1 failed; 4 blocks run", empty when there was no code. */
export function describeExecution(totals: ExecutionTotals | undefined): string {
  if (!totals) return '';
  const { passed, failed, run, notRun, pending } = totals;
  const tests = passed > 0 ? [`${countTests(passed)} passed`] : [];
  if (failed > 0) tests.push(passed > 0 ? `${formatNumber(failed)} failed` : `${countTests(failed)} failed`);
  const blocks = [run === 1 ? '1 block run' : `${formatNumber(run)} blocks run`];
  if (notRun > 0) blocks.push(`${formatNumber(notRun)} not run`);
  if (pending > 0) blocks.push(`${formatNumber(pending)} without a result`);
  return [tests, blocks]
    .filter(({ length }) => length > 0)
    .map((facts) => facts.join(', '))
    .join('; ');
}

/** "Ada Lovelace and Eliza". */
export function describePair(seats: { readonly [seat in Seat]: Pick<Participant, 'name'> }): string {
  return `${nameOf(seats, 'a')} and ${nameOf(seats, 'b')}`;
}

/** Safe on one line of anything that escapes its own markup. */
export function nameOf(seats: { readonly [seat in Seat]: Pick<Participant, 'name'> }, seat: Seat): string {
  return visibleLine(seats[seat].name).trim() || seat.toUpperCase();
}

/** "German" for `de`; what the greeting said when that is no language tag. */
export function languageName(lang: string): string {
  const tag = languageTag(lang);
  if (tag === undefined) return visibleLine(lang);
  return languageNames.of(tag) ?? lang;
}

/** For a `lang` attribute: undefined unless it has the form of a tag. Source: BCP 47. */
export function languageTag(lang: string | undefined): string | undefined {
  return lang !== undefined && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(lang) ? lang : undefined;
}

const languageNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });
const dateFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});
const numberFormat = new Intl.NumberFormat('en-US');

/** "21 November 2026 at 01:53 UTC". */
export function formatMoment(iso: string): string {
  return `${dateFormat.format(new Date(iso))} UTC`;
}

/** "01:53:07", in UTC. */
export function formatTime(iso: string): string {
  return new Date(iso).toISOString().slice(11, 19);
}

export function formatNumber(value: number): string {
  return numberFormat.format(value);
}

/** "812 bytes", "12 KB", "1.4 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1_000, 'KB'] : [bytes / 1_000_000, 'MB'];
  return `${size < 9.95 ? size.toFixed(1) : formatNumber(Math.round(size))} ${unit}`;
}

/** "0.4 s", "12 s". */
export function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

/** "48 s", "12 min 5 s", "2 h 3 min". */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function countTests(tests: number, which = ''): string {
  return tests === 1 ? `1 ${which}test` : `${formatNumber(tests)} ${which}tests`;
}

function countTurns(turns: number): string {
  return turns === 1 ? '1 turn' : `${formatNumber(turns)} turns`;
}
