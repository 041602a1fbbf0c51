import type { Flag } from '../journal/flag.ts';
import type { Seat } from '../wire/types.ts';
import type { Attention } from './attention.ts';
import type { Audience } from './audience.ts';
import type { Forwarding } from './forwarding.ts';
import type { Held } from './gate.ts';
import type { Ledger } from './ledger.ts';
import type { Moderation } from './moderation.ts';
import type { Peer } from './peer.ts';
import type { SeatState } from './seat-state.ts';
import type { Speech } from './speech.ts';
import type { TurnPath } from './turn-path.ts';

export interface HearingOptions {
  readonly states: { readonly [seat in Seat]: SeatState };
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly moderation: Moderation;
  readonly forwarding: Forwarding;
  readonly path: TurnPath;
  readonly attention?: Attention;
}

/** What a seat says, from the moment it has come: journaled, shown, looked at, and sent on its way. */
export class Hearing {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** `isPerson`: somebody has taken over the seat. */
  hear(seat: Seat, speech: Speech, isPerson: boolean): void {
    const { states, ledger, audience, forwarding, path, attention } = this.#options;
    const { text, control } = speech;
    const state = states[seat];
    const meta = isPerson ? undefined : state.meta;
    state.status = undefined;
    state.notices = 0;
    if (!isPerson) {
      state.meta = undefined;
      state.said++;
    }
    const by = isPerson ? { by: 'moderator' as const } : {};
    if (text === '' && control) {
      ledger.progress.questions++;
      ledger.writeBilled({ type: 'control', seat, verb: control, ...by, ...(meta?.usage ? { meta } : {}) });
      return ledger.commit(() => {
        audience.show({ type: 'control', seat, verb: control });
        this.passThrough(speech, seat, 0, () => forwarding.forward(seat, speech));
      });
    }
    const extras = { ...(control ? { control } : {}), ...(meta ? { meta } : {}), ...by };
    const turn = ++ledger.progress.turns;
    ledger.writeBilled({ type: 'turn', seat, turn, text, ...extras });
    const showFlags = this.flag(attention?.hear({ seat, turn, text, ...extras }));
    ledger.commit(() => {
      audience.show({ type: 'turn', seat, turn, text, ...extras });
      showFlags();
      this.passThrough(speech, seat, turn, () => path.follow(seat, turn, speech));
    });
  }

  /** A message that came before, and comes again because its sender could not know that it had arrived. */
  isRepeated(peer: Peer): boolean {
    if (!peer.wants('numbered')) return false;
    const state = this.#options.states[peer.seat];
    const { number } = state;
    state.number = undefined;
    if (number === undefined || number <= state.said) return true;
    state.said = number - 1;
    return false;
  }

  /** A moderator may have paused the meeting: then it waits. */
  passThrough(speech: Speech, seat: Seat, turn: number, pass: () => void): void {
    this.#options.moderation.pass(speech, this.heldOf(speech, seat, turn, pass));
  }

  heldOf(speech: Speech, seat: Seat, turn: number, pass: () => void): Held {
    const passAtEnd = (): void => {
      if (speech.text !== '') this.#options.path.sayAnyway({ seat, turn, speech, results: '' }, 0);
    };
    return { seat, turn, characters: speech.text.length, pass, passAtEnd };
  }

  /** Writes down what is doubtful. Returns what shows it, once it is in the journal. */
  flag(flags: readonly Flag[] = []): () => void {
    const { ledger, audience } = this.#options;
    for (const flag of flags) ledger.write({ type: 'flag', ...flag });
    return () => flags.forEach((flag) => audience.show({ type: 'flag', ...flag }));
  }
}
