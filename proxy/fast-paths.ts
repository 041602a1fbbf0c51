import type { MeetingSettings } from '../journal/event.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { Attention } from './attention.ts';
import type { Record } from './commits.ts';
import type { Delays } from './delays.ts';
import type { Execution } from './execution.ts';
import { FastPath } from './fast-path.ts';
import type { Ledger } from './ledger.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { Round } from './round.ts';
import type { SeatState } from './seat-state.ts';
import type { Telling } from './telling.ts';
import type { TurnTranslator } from './translation.ts';
import type { Viewer } from './viewer.ts';

export interface FastPathsOptions {
  readonly places: { readonly [seat in Seat]: Place };
  readonly states: { readonly [seat in Seat]: SeatState };
  readonly settings: MeetingSettings;
  readonly record: Record;
  readonly round: Round;
  readonly delays: Delays;
  readonly ledger: Ledger;
  readonly telling: Telling;
  /** Where one of these is there, every message is looked at. */
  readonly watch?: Viewer;
  readonly execution?: Execution;
  readonly translation?: TurnTranslator;
  readonly attention?: Attention;
  /** Something goes on that the next message has to do with. */
  readonly isBusy: () => boolean;
  /** Something went wrong here that nobody has thought of. */
  readonly onDefect: (error: unknown) => void;
}

/** The fast path of each seat, and when it may be taken. */
export class FastPaths {
  readonly #options: FastPathsOptions;
  readonly #paths: { readonly [seat in Seat]: FastPath };

  constructor(options: FastPathsOptions) {
    this.#options = options;
    this.#paths = { a: this.#create('a'), b: this.#create('b') };
  }

  /** As `LineSocketHandlers.onLines`; `refused` where the messages are to come one by one. */
  receive(peer: Peer, bytes: Buffer, end: number, isStable: boolean): 'free' | 'kept' | 'refused' {
    const path = this.#paths[peer.seat];
    if (!path.isOpenTo(peer) && this.#mayOpen(peer)) path.open();
    return path.isOpenTo(peer) ? path.receive(bytes, end, isStable) : 'refused';
  }

  /** Something has happened that may make the next message another matter. */
  leave(): void {
    this.#options.round.settle();
    for (const seat of seats) this.#paths[seat].close();
  }

  /** Nobody watches, nothing is run, held back or numbered: what `peer` says is journaled and passed on. */
  #mayOpen(peer: Peer): boolean {
    const { places, states, isBusy } = this.#options;
    const to = otherSeat(peer.seat);
    const isWhoSitsThere = places[peer.seat].peer === peer && places[to].peer !== undefined;
    const hasMore = states[peer.seat].meta !== undefined || states[to].untold !== undefined;
    return isWhoSitsThere && !hasMore && !isBusy() && this.#isSimple;
  }

  get #isSimple(): boolean {
    const { watch, execution, translation, attention, delays, places, settings } = this.#options;
    if (settings.idleSeconds || settings.tellTurnsLeft) return false;
    const isSimple = ({ peer }: Place): boolean => peer?.isFramed === true && !peer.wants('numbered');
    const isPlain = !watch && !execution && !translation && !attention && delays.areNone;
    return isPlain && isSimple(places.a) && isSimple(places.b);
  }

  #create(from: Seat): FastPath {
    const { places, states, record, round, settings, ledger, telling, onDefect } = this.#options;
    return new FastPath({
      from: places[from],
      to: places[otherSeat(from)],
      state: states[from],
      lane: telling.lanes[from],
      record,
      commits: ledger.commits,
      round,
      progress: ledger.progress,
      limits: settings,
      onDefect,
    });
  }
}
