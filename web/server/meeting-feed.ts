import path from 'node:path';
import { OutlineBuilder, type Outline } from '../../journal/conversation.ts';
import { costSoFar, priceOfSeat, tokensSoFar } from '../../journal/cost.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { journalFileName } from '../../journal/journal.ts';
import type { JournalItem } from '../../journal/read.ts';
import { readControlFile, type ControlFile } from '../../proxy/control-file.ts';
import { isHeld, readSeatsFile } from '../../proxy/seats-file.ts';
import { seats, type Participant, type Seat } from '../../wire/types.ts';
import type { ControlStatus, LiveMessage, MeetingRow, MeetingState, NowRow, StateMessage } from '../api.ts';
import { JournalTail } from './journal-tail.ts';
import { askForStatus, LiveLine } from './live-line.ts';
import { LiveOrder } from './live-order.ts';

/** Somebody who is told that there is something new, and fetches it when there is room for it. */
export interface FeedListener {
  onGrown(): void;
  onState(message: StateMessage): void;
  /** `after`: how many turns had been said by then. */
  onLive(message: LiveMessage, after: number): void;
}

/**
 * What of that which is not journaled somebody wants to know. `all`: the proxy is asked for it. `approvals`: only
 * whether a block waits for somebody; a proxy where none can is left alone.
 */
export type Interest = 'all' | 'approvals';

/** How soon a proxy that is gone, or back again, is noticed. */
const lookMs = 1_000;

/** One meeting that somebody watches: its journal, read once for all of them, and how it is. */
export class MeetingFeed {
  readonly meeting: string;
  readonly folder: string;
  readonly tail: JournalTail;
  readonly #builder: OutlineBuilder;
  readonly #listeners = new Map<FeedListener, Interest>();
  readonly #order = new LiveOrder((message, after) => {
    for (const listener of this.#listeners.keys()) listener.onLive(message, after);
  });
  #line: LiveLine | 'connecting' | undefined;
  #control: ControlStatus | undefined;
  #isPaused = false;
  #isClosed = false;
  #state: MeetingState = 'interrupted';
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.meeting = path.basename(folder);
    this.folder = folder;
    this.#builder = new OutlineBuilder(this.meeting);
    this.tail = new JournalTail(path.join(folder, journalFileName), {
      onItem: (item) => this.#read(item),
      onGrown: () => {
        for (const listener of this.#listeners.keys()) listener.onGrown();
        this.#order.release();
        this.#look();
      },
    });
  }

  /** Resolves when all that is there has been read. */
  async start(): Promise<void> {
    await this.tail.start();
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  /** Returns what ends it. */
  listen(listener: FeedListener, interest: Interest): () => void {
    this.#listeners.set(listener, interest);
    for (const message of this.#order.messages) listener.onLive(message, this.#order.turns);
    this.#look();
    return () => {
      if (this.#listeners.delete(listener) && !this.#isProxyWanted) this.#hangUp();
    };
  }

  get state(): StateMessage {
    return { state: this.#state, ...(this.#control ? { control: this.#control } : {}) };
  }

  get outline(): Outline {
    return this.#builder.outline;
  }

  get row(): NowRow {
    const { approvals } = this.#order;
    return { ...rowOf(this.#builder.outline, this.#state), ...(approvals > 0 ? { approvals } : {}) };
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.tail.close();
    this.#hangUp();
  }

  #read(item: JournalItem): void {
    this.#builder.add(item);
    if (item.type === 'event') this.#follow(item.event);
  }

  #follow(event: JournalEvent): void {
    if (event.type === 'turn') this.#order.turn(event.seat, event.turn);
    if (event.type !== 'moderator') return;
    if (this.#line && this.#line !== 'connecting') void this.#askForStatus();
    if (event.action === 'pause') this.#isPaused = true;
    if (event.action === 'resume') this.#isPaused = false;
  }

  /** Whether somebody wants to know what only the proxy can tell. */
  get #isProxyWanted(): boolean {
    if (this.#listeners.size === 0) return false;
    const isAll = [...this.#listeners.values()].includes('all');
    return isAll || this.#builder.outline.settings?.execution?.approve === true;
  }

  #look(): void {
    const state = stateOf(this.folder, this.#builder.outline, this.#isPaused);
    const isOn = state === 'running' || state === 'paused';
    if (isOn && !this.#line && this.#isProxyWanted) void this.#call();
    if (state === this.#state) return;
    this.#state = state;
    if (!isOn) this.#control = undefined;
    this.#tellState();
  }

  #tellState(): void {
    for (const listener of this.#listeners.keys()) listener.onState(this.state);
  }

  async #call(): Promise<void> {
    this.#line = 'connecting';
    try {
      const line = await LiveLine.connect(this.folder, {
        onStatus: (status) => this.#setControl(status),
        onLive: (line) => void (this.#order.add(line) && void this.tail.catchUp()),
        onLost: () => {
          this.#hangUp();
          this.#look();
        },
      });
      // Nobody listens any more, or the line was lost again before it was ours.
      if (this.#isClosed || !this.#isProxyWanted || this.#line !== 'connecting') return line.close();
      this.#line = line;
    } catch {
      // It is looked for again.
      this.#line = undefined;
    }
  }

  #hangUp(): void {
    if (this.#line && this.#line !== 'connecting') this.#line.close();
    this.#line = undefined;
    this.#order.forget();
    this.#setControl(undefined);
  }

  async #askForStatus(): Promise<void> {
    const status = await askForStatus(this.folder);
    if (status && this.#line) this.#setControl(status);
  }

  #setControl(status: ControlStatus | undefined): void {
    if (status === undefined && this.#control === undefined) return;
    this.#control = status;
    this.#tellState();
  }
}

/** How a meeting is that has this journal, as far as can be seen from outside. */
export function stateOf(folder: string, { stop }: Pick<Outline, 'stop'>, isPaused = false): MeetingState {
  if (stop) return 'ended';
  const file: Pick<ControlFile, 'pid' | 'processStart' | 'host'> | undefined =
    readControlFile(folder) ?? readSeatsFile(folder);
  if (!file || !isHeld(file)) return 'interrupted';
  return isPaused ? 'paused' : 'running';
}

/** The line of a list for a meeting that was read whole. */
export function rowOf(outline: Outline, state: MeetingState): MeetingRow {
  const {
    meeting,
    startedAt = '',
    lastAt,
    turns,
    totals,
    settings,
    seats: participants,
    flags,
    parent,
    stop,
  } = outline;
  const tokens = tokensSoFar(totals);
  const isPriced = seats.every((seat) => !totals[seat].usage || priceOfSeat(settings, participants, seat));
  return {
    meeting,
    startedAt,
    ...(lastAt === undefined ? {} : { lastAt }),
    seats: { a: speakerOf(participants, 'a'), b: speakerOf(participants, 'b') },
    state,
    ...(stop ? { ended: stop.reason } : {}),
    turns,
    ...(tokens > 0 ? { tokens } : {}),
    ...(tokens > 0 && isPriced && settings ? { cost: costSoFar(settings, participants, totals) } : {}),
    flags: flags.map(({ flag, seat, turn }) => ({ flag, seat, ...(turn === undefined ? {} : { turn }) })),
    ...(parent ? { parent: parent.meeting } : {}),
  };
}

function speakerOf(
  participants: { readonly [seat in Seat]: Participant },
  seat: Seat,
): MeetingRow['seats']['a'] {
  const { name, lang, gender, provider, model } = participants[seat];
  const given = { lang, gender, provider, model };
  return { name, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}
