import { addressGroup, loopback } from '../wire/address.ts';
import type { Clock } from '../wire/clock.ts';

export interface AdmissionLimits {
  /** Connections at a time, on both ports. */
  readonly connections: number;
  /** The same from one address that is not this machine's; 0: no limit of its own. */
  readonly connectionsPerAddress: number;
  /** Connections that have not greeted yet. When there are more, the oldest gives way. */
  readonly strangers: number;
}

/** A connection, from the moment it is accepted until it is closed. */
export interface Visit {
  /** So many bytes have come. They are counted until the visitor is known. */
  hear(bytes: number): void;
  /** It has greeted, and knew what it must. From now on it makes room for nobody. */
  prove(): void;
  /** It gave a wrong token. Returns for how many milliseconds the answer is held back. */
  guess(): number;
  /** The connection is closed. */
  leave(): void;
}

/** A greeting holds a persona, and nobody's persona is longer than a book's chapter. */
export const maxGreetingBytes = 256 * 1024;

/** What all strangers together may have sent. */
const maxStrangerBytes = 64 * 1024 * 1024;

/** So many wrong tokens within a minute are a mistake; one more is a guess. */
const freeGuesses = 5;
const guessWindowMs = 60_000;
const firstPenaltyMs = 1_000;
const longestPenaltyMs = 60_000;
/** From an address that has proved itself, others may come who know the token: only answers are held back. */
const longestHoldMs = 10_000;
/** After so long without a wrong token an address is as good as new. */
const forgetMs = 10 * 60_000;
const maxRememberedAddresses = 10_000;

/**
 * Decides who may connect. Knows no sockets: `arrive` is told of each connection, and calls the `drop` of
 * another one that must make room. Those who have proved themselves are never dropped.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #addresses = new Map<string, Address>();
  readonly #guessers = new Map<string, Guesser>();
  #connections = 0;
  #strangers = 0;
  #strangerBytes = 0;

  constructor(limits: AdmissionLimits, clock: Pick<Clock, 'nowMs'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get connections(): number {
    return this.#connections;
  }

  get strangers(): number {
    return this.#strangers;
  }

  /** Undefined where the connection must be closed at once. `drop` must close it, and not throw. */
  arrive(remoteAddress: string | undefined, drop: () => void): Visit | undefined {
    const name = addressGroup(remoteAddress);
    const address = this.#addresses.get(name) ?? { name, strangers: new Set(), connections: 0, proved: 0 };
    if (this.#isShutOut(address) || !this.#makeRoom(address)) return undefined;
    this.#addresses.set(name, address);
    const stranger: Stranger = { address, drop, bytes: 0 };
    address.connections++;
    address.strangers.add(stranger);
    this.#connections++;
    this.#strangers++;
    return this.#visitOf(stranger);
  }

  #visitOf(stranger: Stranger): Visit {
    const { address } = stranger;
    let isProved = false;
    let isGone = false;
    return {
      hear: (bytes) => {
        if (!address.strangers.has(stranger)) return;
        stranger.bytes += bytes;
        this.#strangerBytes += bytes;
        if (this.#strangerBytes > maxStrangerBytes) this.#dropOne(this.#loudest());
      },
      prove: () => {
        if (isProved || isGone) return;
        isProved = true;
        address.proved++;
        this.#forgetStranger(stranger);
      },
      guess: () => this.#punish(stranger),
      leave: () => {
        if (isGone) return;
        isGone = true;
        this.#forgetStranger(stranger);
        this.#connections--;
        address.connections--;
        if (isProved) address.proved--;
        if (address.connections === 0) this.#addresses.delete(address.name);
      },
    };
  }

  /** Where a limit is reached, a stranger goes; it is refused where there is none. */
  #makeRoom(newcomer: Address): boolean {
    const { connections, connectionsPerAddress, strangers } = this.#limits;
    const isLimited = connectionsPerAddress > 0 && newcomer.name !== loopback;
    if (isLimited && newcomer.connections >= connectionsPerAddress) {
      return this.#dropOne(oldestOf(newcomer));
    }
    if (this.#connections >= connections || this.#strangers >= strangers) {
      return this.#dropOne(oldestOf(this.#mostStrange()));
    }
    return true;
  }

  #mostStrange(): Address | undefined {
    let found: Address | undefined;
    for (const address of this.#addresses.values()) {
      if (address.strangers.size > (found?.strangers.size ?? 0)) found = address;
    }
    return found;
  }

  #loudest(): Stranger | undefined {
    let found: Stranger | undefined;
    for (const { strangers } of this.#addresses.values()) {
      for (const stranger of strangers) if (stranger.bytes > (found?.bytes ?? 0)) found = stranger;
    }
    return found;
  }

  /** It counts no more from now on, although its socket takes a moment to close. */
  #dropOne(stranger: Stranger | undefined): boolean {
    if (!stranger) return false;
    this.#forgetStranger(stranger);
    stranger.drop();
    return true;
  }

  #forgetStranger(stranger: Stranger): void {
    if (!stranger.address.strangers.delete(stranger)) return;
    this.#strangers--;
    this.#strangerBytes -= stranger.bytes;
  }

  #isShutOut(address: Address): boolean {
    if (hasStanding(address)) return false;
    return this.#clock.nowMs() < (this.#guessers.get(address.name)?.shutOutUntilMs ?? 0);
  }

  #punish(guessing: Stranger): number {
    const { address } = guessing;
    const nowMs = this.#clock.nowMs();
    const guesser = this.#guesserAt(address.name, nowMs);
    guesser.recentMs = [...guesser.recentMs.filter((atMs) => nowMs - atMs < guessWindowMs), nowMs];
    guesser.lastMs = nowMs;
    // Somebody who was punished goes on where they left off.
    if (guesser.recentMs.length <= freeGuesses && guesser.strikes === 0) return 0;
    guesser.recentMs = guesser.recentMs.slice(-freeGuesses);
    const penaltyMs = Math.min(longestPenaltyMs, firstPenaltyMs * 2 ** Math.min(guesser.strikes++, 16));
    if (hasStanding(address)) return Math.min(penaltyMs, longestHoldMs);
    guesser.shutOutUntilMs = nowMs + penaltyMs;
    // Or else as many could guess at once as had connected before.
    for (const stranger of [...address.strangers]) if (stranger !== guessing) this.#dropOne(stranger);
    return 0;
  }

  #guesserAt(name: string, nowMs: number): Guesser {
    for (const [known, { lastMs }] of this.#guessers) {
      const isOver = nowMs - lastMs > forgetMs || this.#guessers.size > maxRememberedAddresses;
      if (!isOver) break;
      this.#guessers.delete(known);
    }
    const guesser = this.#guessers.get(name) ?? {
      recentMs: [],
      lastMs: nowMs,
      strikes: 0,
      shutOutUntilMs: 0,
    };
    // The one that guessed last stands last.
    this.#guessers.delete(name);
    this.#guessers.set(name, guesser);
    return guesser;
  }
}

interface Address {
  readonly name: string;
  /** In the order in which they came. */
  readonly strangers: Set<Stranger>;
  connections: number;
  proved: number;
}

interface Stranger {
  readonly address: Address;
  readonly drop: () => void;
  bytes: number;
}

interface Guesser {
  recentMs: number[];
  lastMs: number;
  strikes: number;
  shutOutUntilMs: number;
}

function hasStanding({ name, proved }: Address): boolean {
  return name === loopback || proved > 0;
}

function oldestOf(address: Address | undefined): Stranger | undefined {
  return address?.strangers.values().next().value;
}
