import type { Commits, Record } from './commits.ts';
import type { Lane } from './lane.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { SeatState } from './seat-state.ts';
import { stayAwake } from './stay-awake.ts';
import { messagesOf, turnsLeft, type Limits, type Progress } from './stop-rules.ts';

export interface FastPathOptions {
  readonly from: Place;
  readonly to: Place;
  readonly states: { readonly from: SeatState; readonly to: SeatState };
  readonly lane: Lane;
  readonly record: Record;
  readonly commits: Commits;
  readonly progress: Progress;
  readonly limits: Limits;
}

/** Node sends a text up to here without allocating anything. */
const longestLatin1 = 16 * 1024;

/**
 * The fast path from one seat to the other: lines that are nothing but text, between two of the framed
 * dialect, with nothing to do but to journal them and to pass them on. All lines of one read are one write to
 * the journal and one to the partner, and no text is made of them. Whatever is not that simple is refused,
 * and comes again to the meeting, message by message.
 */
export class FastPath {
  readonly #options: FastPathOptions;

  constructor(options: FastPathOptions) {
    this.#options = options;
  }

  /** Whole lines, as `LineSocketHandlers.onLines` has them. */
  receive(peer: Peer, bytes: Buffer, isStable: boolean): 'free' | 'kept' | 'refused' {
    const { from, to, lane, states, record, progress, limits } = this.#options;
    if (from.peer !== peer || !to.peer || !lane.isFree) return 'refused';
    if (states.from.meta || states.to.untold !== undefined) return 'refused';
    const most = turnsLeft(messagesOf(progress), limits);
    try {
      const count = record.commitTurns(from.seat, progress.turns + 1, bytes, most);
      if (count === undefined) return 'refused';
      this.#count(count);
    } catch (error) {
      this.#putOff(error, Buffer.from(bytes));
      return 'free';
    }
    to.noteSent(record.seq);
    const isSent = sendOn(to.peer, bytes, isStable);
    stayAwake();
    lane.holdBack(!isSent);
    return isSent ? 'free' : 'kept';
  }

  /** The journal has taken them, and writes them when there is room. */
  #putOff(error: unknown, bytes: Buffer): void {
    const { to, record, commits } = this.#options;
    this.#count(countLines(bytes));
    commits.putOffOrFail(error, () => to.deliver(record.seq, (peer) => void peer.bytes(bytes)));
  }

  #count(turns: number): void {
    const { progress, states } = this.#options;
    progress.turns += turns;
    states.from.said += turns;
    states.from.notices = 0;
    states.from.status = undefined;
  }
}

/** False where they are not all on their way yet, and must stay as they are if they are stable. */
function sendOn(peer: Peer, bytes: Buffer, isStable: boolean): boolean {
  if (bytes.length > longestLatin1) return peer.bytes(isStable ? bytes : Buffer.from(bytes));
  peer.latin1(bytes.toString('latin1'));
  return peer.hasRoom;
}

function countLines(bytes: Buffer): number {
  return bytes.reduce((count, byte) => count + Number(byte === 0x0a), 0);
}
