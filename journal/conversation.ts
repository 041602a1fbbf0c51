import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Participant, Seat, StopReason, Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import { hasPassed, wasRun, type Block, type BlockResult } from './block.ts';
import type { Flag } from './flag.ts';
import type { JournalEvent, MeetingSettings, Parent } from './event.ts';
import { FencedCode } from './fenced-code.ts';
import { isShown } from './moderator-event.ts';
import { journalItems, type BadLine, type JournalItem } from './read.ts';
import { splitReport } from './report-note.ts';
import { addToTotals, noTotals, type Totals } from './seat-totals.ts';

/** Something a reader of the conversation is shown, in the order it happened. */
export type Entry =
  | Exclude<JournalEvent, { readonly type: 'meeting' | 'seated' | 'start' | 'stop' | 'block' }>
  | BlockEntry
  /** A line of the journal that nobody can read. */
  | ({ readonly type: 'unreadable' } & BadLine);

export type BlockEntry = Extract<JournalEvent, { type: 'block' }> & {
  /** Somebody changed the code before it was run: it stands in no turn. */
  readonly isEdited: boolean;
};

export type ResultEntry = Extract<JournalEvent, { type: 'result' }>;

/** What became of the code of a meeting. */
export interface ExecutionTotals {
  /** Tests that held. */
  readonly passed: number;
  /** Tests that were run and did not. */
  readonly failed: number;
  /** Blocks that were run, tests among them. */
  readonly run: number;
  /** Blocks that were refused, or that nothing was there to run. */
  readonly notRun: number;
  /** Blocks whose result is not there: not yet, or never. */
  readonly pending: number;
}

/** What the translator did. */
export interface TranslationTotals {
  /** Those that were meant to be translated. */
  readonly turns: number;
  /** Those of them that were passed on as they were. */
  readonly failed: number;
  /** For how long all of them waited. */
  readonly ms: number;
  /** Absent when no translation came with it. */
  readonly usage?: Usage;
}

/** A conversation without its words. */
export interface Outline {
  readonly meeting: string;
  /** Of a fork. */
  readonly parent?: Parent;
  /** ISO 8601 in UTC, absent while the journal is empty. */
  readonly startedAt?: string;
  /** When the last thing happened. */
  readonly lastAt?: string;
  /** Absent while it goes on, or when it was killed. */
  readonly endedAt?: string;
  readonly stop?: { readonly reason: StopReason; readonly detail?: string };
  readonly software?: string;
  readonly settings?: MeetingSettings;
  readonly seats: { readonly [seat in Seat]: Participant };
  /** The number of the last turn. */
  readonly turns: number;
  readonly totals: Totals;
  /** Absent when no code was run. */
  readonly execution?: ExecutionTotals;
  /** What is doubtful about it, as its relay saw it. */
  readonly flags: readonly Flag[];
  /** Absent when nothing was translated. */
  readonly translation?: TranslationTotals;
  /** The journal ends in the middle of a line. */
  readonly torn: boolean;
}

export interface Conversation extends Outline {
  readonly entries: readonly Entry[];
}

/** Reads a meeting's journal whole, finished or not. Throws ColloquyError `journal-unreadable`. */
export async function readConversation(journal: string): Promise<Conversation> {
  const builder = new OutlineBuilder(meetingNameOf(journal));
  const entries: Entry[] = [];
  for await (const item of itemsOf(journal)) {
    const entry = builder.add(item);
    if (entry) entries.push(entry);
  }
  return { ...builder.outline, entries };
}

/** The same without keeping a word in memory. Throws ColloquyError `journal-unreadable`. */
export async function readOutline(journal: string): Promise<Outline> {
  const builder = new OutlineBuilder(meetingNameOf(journal));
  for await (const item of itemsOf(journal)) builder.add(item);
  return builder.outline;
}

/** The folder of a meeting bears its name. */
export function meetingNameOf(journal: string): string {
  return path.basename(path.dirname(path.resolve(journal)));
}

/** Adds up a conversation while its journal is read, and says what there is to show of each line. */
export class OutlineBuilder {
  #outline: Outline;
  /** Both may speak at once, so that the code of a turn is run behind another one. */
  readonly #lastTurns: { [seat in Seat]?: LastTurn } = {};

  /** `meeting` is its name until the journal gives one; the seats are called A and B until then. */
  constructor(meeting: string) {
    this.#outline = {
      meeting,
      seats: { a: { name: 'A' }, b: { name: 'B' } },
      turns: 0,
      totals: { a: noTotals(), b: noTotals() },
      flags: [],
      torn: false,
    };
  }

  get outline(): Outline {
    return this.#outline;
  }

  add(item: JournalItem): Entry | undefined {
    if (item.type === 'torn') this.#outline = { ...this.#outline, torn: true };
    if (item.type === 'bad') return { type: 'unreadable', ...item.bad };
    if (item.type !== 'event') return undefined;
    const { event } = item;
    const outline = { ...this.#outline, startedAt: this.#outline.startedAt ?? event.t, lastAt: event.t };
    this.#outline = { ...outline, ...changeOf(outline, event) };
    return this.#entryOf(event);
  }

  #entryOf(event: JournalEvent): Entry | undefined {
    switch (event.type) {
      case 'meeting':
      case 'seated':
      case 'start':
      case 'stop':
        return undefined;
      case 'block':
        return { ...event, isEdited: !this.#wasSaid(event) };
      case 'turn':
        this.#lastTurns[event.seat] = { turn: event.turn, text: event.text, hasResults: false };
        return event;
      case 'note':
        return this.#lastTurns[event.seat]?.hasResults ? withoutResults(event) : event;
      case 'result': {
        const turn = this.#lastTurns[event.seat];
        if (turn) turn.hasResults = true;
        return event;
      }
      case 'moderator':
        return isShown(event) ? event : undefined;
      case 'translation':
      case 'control':
      case 'truncated':
      case 'lost':
      case 'returned':
      case 'status':
      case 'flag':
        return event;
    }
  }

  #wasSaid({ seat, turn, code }: Extract<JournalEvent, { type: 'block' }>): boolean {
    const said = this.#lastTurns[seat];
    if (said?.turn !== turn) return false;
    said.code ??= new FencedCode(said.text);
    return said.code.has(code);
  }
}

interface LastTurn {
  readonly turn: number;
  readonly text: string;
  code?: FencedCode;
  hasResults: boolean;
}

/**
 * The author of code gets its results as a note. They stand in the conversation already, so of such a
 * note only the blocks that could not be taken for any are worth showing, which it ends with.
 */
function withoutResults(
  note: Extract<JournalEvent, { type: 'note' }>,
): Extract<JournalEvent, { type: 'note' }> | undefined {
  const report = splitReport(note.text);
  if (!report) return note;
  return report.problems === '' ? undefined : { ...note, text: report.problems };
}

/** What is new in the outline with this event. */
function changeOf(outline: Outline, event: JournalEvent): Partial<Outline> {
  switch (event.type) {
    case 'meeting': {
      const { meeting, parent, software, settings, seats } = event;
      return { meeting, ...(parent ? { parent } : {}), software, settings, seats };
    }
    case 'turn':
      return { turns: event.turn, totals: addToTotals(outline.totals, event) };
    case 'control':
    case 'lost':
      return { totals: addToTotals(outline.totals, event) };
    case 'block':
      return event.inherited ? {} : { execution: addBlock(outline.execution) };
    case 'result':
      return event.inherited ? {} : { execution: addResult(outline.execution, event) };
    case 'translation':
      if (event.inherited) return {};
      return {
        translation: addTranslation(outline.translation, event),
        totals: addToTotals(outline.totals, event),
      };
    case 'flag': {
      const { seat, turn, flag, detail } = event;
      return { flags: [...outline.flags, { seat, ...(turn === undefined ? {} : { turn }), flag, detail }] };
    }
    case 'stop': {
      const stop = { reason: event.reason, ...(event.detail === undefined ? {} : { detail: event.detail }) };
      return { endedAt: event.t, stop };
    }
    case 'seated':
    case 'start':
    case 'note':
    case 'truncated':
    case 'returned':
    case 'status':
    case 'moderator':
      return {};
  }
}

const noExecution: ExecutionTotals = { passed: 0, failed: 0, run: 0, notRun: 0, pending: 0 };

function addBlock(totals = noExecution): ExecutionTotals {
  return { ...totals, pending: totals.pending + 1 };
}

export function addResult(
  totals = noExecution,
  result: Pick<Block, 'kind'> & Pick<BlockResult, 'outcome'>,
): ExecutionTotals {
  const isRun = wasRun(result);
  const passed = hasPassed(result, result);
  return {
    passed: totals.passed + Number(passed),
    failed: totals.failed + Number(isRun && result.kind === 'test' && !passed),
    run: totals.run + Number(isRun),
    notRun: totals.notRun + Number(!isRun),
    pending: Math.max(0, totals.pending - 1),
  };
}

function addTranslation(
  totals: TranslationTotals = { turns: 0, failed: 0, ms: 0 },
  event: Extract<JournalEvent, { type: 'translation' }>,
): TranslationTotals {
  const usage = addUsage(totals.usage, event.usage);
  return {
    turns: totals.turns + 1,
    failed: totals.failed + Number(event.failed !== undefined),
    ms: totals.ms + event.ms,
    ...(usage === undefined ? {} : { usage }),
  };
}

async function* itemsOf(journal: string): AsyncGenerator<JournalItem, void, void> {
  try {
    yield* journalItems(journal);
  } catch (error) {
    throw new ColloquyError(`the journal ${journal} cannot be read: ${messageOf(error)}`, {
      code: 'journal-unreadable',
      cause: error,
    });
  }
}
