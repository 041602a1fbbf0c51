import type { Commits, Record } from './commits.ts';
import type { Lane } from './lane.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { Round, Taker } from './round.ts';
import type { SeatState } from './seat-state.ts';
import { stayAwake } from './stay-awake.ts';
import { messagesOf, turnsLeft, type Limits, type Progress } from './stop-rules.ts';

export interface FastPathOptions {
  readonly from: Place;
  readonly to: Place;
  /** Of the seat it comes from. */
  readonly state: SeatState;
  readonly lane: Lane;
  readonly record: Record;
  readonly commits: Commits;
  readonly round: Round;
  readonly progress: Progress;
  readonly limits: Limits;
  /** Something went wrong here that nobody has thought of. */
  readonly onDefect: (error: unknown) => void;
}

/** Node sends a text up to here without allocating anything. */
const longestLatin1 = 16 * 1024;

/**
 * The fast path from one seat to the other: lines that are nothing but text, between two of the framed
 * dialect, with nothing to do but to journal them and to pass them on. They are made lines of the journal as they
 * are read, from bytes to bytes; when the round of all connections is over they are written, and then they are passed
 * on, as they came. Whatever is not that simple is refused, and comes again to the meeting, message by message.
 *
 * With a thousand meetings, what a message costs is mostly how many objects it touches: they are not in the
 * processor's cache. So whether the path is open is looked at once, and again after anything else has happened.
 */
export class FastPath implements Taker {
  readonly #from: Place;
  readonly #to: Place;
  readonly #state: SeatState;
  readonly #lane: Lane;
  readonly #record: Record;
  readonly #commits: Commits;
  readonly #round: Round;
  readonly #progress: Progress;
  readonly #limits: Limits;
  readonly #onDefect: (error: unknown) => void;
  /** Between whom it is open, if it is. */
  #speaker: Peer | undefined;
  #hearer: Peer | undefined;
  /** What was taken in this round; each character is a byte. */
  #taken = '';

  constructor(options: FastPathOptions) {
    this.#from = options.from;
    this.#to = options.to;
    this.#state = options.state;
    this.#lane = options.lane;
    this.#record = options.record;
    this.#commits = options.commits;
    this.#round = options.round;
    this.#progress = options.progress;
    this.#limits = options.limits;
    this.#onDefect = options.onDefect;
  }

  isOpenTo(peer: Peer): boolean {
    return this.#speaker === peer;
  }

  /** For who sits there now, until `close`. */
  open(): void {
    this.#speaker = this.#from.peer;
    this.#hearer = this.#to.peer;
  }

  close(): void {
    this.#speaker = undefined;
  }

  /** Whole lines, as `LineSocketHandlers.onLines` has them. */
  receive(bytes: Buffer, end: number, isStable: boolean): 'free' | 'kept' | 'refused' {
    const isLong = end > longestLatin1;
    if (isLong) this.#round.settle();
    // With that, the disk may have turned out to be full, or the other to be slow.
    if (this.#speaker === undefined || !this.#lane.isFree) return 'refused';
    const progress = this.#progress;
    const most = turnsLeft(messagesOf(progress), this.#limits);
    const { seat } = this.#from;
    const count = this.#record.takeTurns(
      { seat, turn: progress.turns + 1, lines: bytes, end, most },
      this.#round.lines,
    );
    if (count === 0) return 'refused';
    progress.turns += count;
    const state = this.#state;
    state.said += count;
    state.notices = 0;
    state.status = undefined;
    if (isLong) return this.#passOnAtOnce(bytes.subarray(0, end), isStable);
    const isFirst = this.#taken === '';
    this.#taken += bytes.toString('latin1', 0, end);
    if (isFirst) this.#round.add(this);
    return 'free';
  }

  settle(): void {
    try {
      this.#passOn();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  #passOn(): void {
    const lines = this.#taken;
    this.#taken = '';
    try {
      this.#record.commit();
    } catch (error) {
      return this.#commits.putOffOrFail(error, this.#sending(Buffer.from(lines, 'latin1')));
    }
    // The other seat has found the disk full, and what it said waits.
    if (this.#commits.isHeld) return void this.#commits.putOff(this.#sending(Buffer.from(lines, 'latin1')));
    this.#to.noteSent(this.#record.seq);
    this.#hearer?.latin1(lines);
    this.#lane.holdBack();
  }

  #passOnAtOnce(bytes: Buffer, isStable: boolean): 'free' | 'kept' {
    try {
      this.#record.commit();
    } catch (error) {
      this.#commits.putOffOrFail(error, this.#sending(Buffer.from(bytes)));
      return 'free';
    } finally {
      this.#round.lines.length = 0;
    }
    this.#to.noteSent(this.#record.seq);
    const isSent = this.#hearer?.bytes(isStable ? bytes : Buffer.from(bytes)) ?? true;
    stayAwake();
    this.#lane.holdBack(!isSent);
    return isSent ? 'free' : 'kept';
  }

  /** The journal has taken them, and writes them when there is room. */
  #sending(bytes: Buffer): () => void {
    return () => this.#to.deliver(this.#record.seq, (peer) => void peer.bytes(bytes));
  }
}
