import type { ProtocolError } from '../wire/errors.ts';
import type { Feature, Participant, Seat } from '../wire/types.ts';
import type { Peer } from './peer.ts';

/**
 * A seat of a meeting, whoever's connection stands behind it at the moment. What is sent to an empty seat
 * goes nowhere: it is in the journal, and whoever comes back is told from there.
 */
export class Place {
  readonly seat: Seat;
  readonly participant: Participant;
  readonly dialect: 'framed' | 'classic';
  readonly #features: readonly Feature[];
  #peer: Peer | undefined;
  #isPaused = false;
  #isHeld = false;
  #drainListeners: (() => void)[] = [];
  /** The last event of the journal that was sent here, or would have been. */
  #sentSeq = 0;

  constructor(who: {
    readonly seat: Seat;
    readonly participant: Participant;
    readonly dialect: 'framed' | 'classic';
    readonly features: readonly Feature[];
  }) {
    this.seat = who.seat;
    this.participant = who.participant;
    this.dialect = who.dialect;
    this.#features = who.features;
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Whether nothing is read from it for now. */
  get isPaused(): boolean {
    return this.#isPaused || this.#isHeld;
  }

  get sentSeq(): number {
    return this.#sentSeq;
  }

  get name(): string {
    return this.participant.name;
  }

  attach(peer: Peer): void {
    this.#peer = peer;
    if (this.isPaused) peer.pause();
  }

  /** The connection is gone: nothing waits for it any more. */
  detach(): Peer | undefined {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#drained();
    return peer;
  }

  wants(feature: Feature): boolean {
    return (this.#peer?.greeting.features ?? this.#features).includes(feature);
  }

  /** `send` hands over what event number `seq` of the journal said. */
  deliver(seq: number, send: (peer: Peer) => void): void {
    this.#sentSeq = Math.max(this.#sentSeq, seq);
    const peer = this.#peer;
    if (!peer) return;
    peer.together(() => {
      peer.seq(seq);
      send(peer);
    });
  }

  /** Whatever came up to event number `seq` has been sent. */
  noteSent(seq: number): void {
    this.#sentSeq = seq;
  }

  /** What is sent within leaves in one piece. */
  together(send: () => void): void {
    if (this.#peer) this.#peer.together(send);
    else send();
  }

  delta(text: string): void {
    this.#peer?.delta(text);
  }

  status(text: string): void {
    this.#peer?.status(text);
  }

  stop(reason: string): void {
    this.#peer?.stop(reason);
  }

  refuse(error: ProtocolError): void {
    this.#peer?.refuse(error);
  }

  get hasRoom(): boolean {
    return this.#peer?.hasRoom ?? true;
  }

  get takenBytes(): number {
    return this.#peer?.takenBytes ?? 0;
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
    this.#peer?.onDrain(() => this.#drained());
  }

  pause(): void {
    this.#isPaused = true;
    this.#peer?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isHeld) this.#peer?.resume();
  }

  /** As `pause`, for another reason: only `release` ends it. */
  hold(): void {
    this.#isHeld = true;
    this.#peer?.pause();
  }

  release(): void {
    this.#isHeld = false;
    if (!this.#isPaused) this.#peer?.resume();
  }

  #drained(): void {
    const listeners = this.#drainListeners;
    this.#drainListeners = [];
    for (const listener of listeners) listener();
  }
}
