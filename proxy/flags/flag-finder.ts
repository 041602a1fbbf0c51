import { isEmptyTurn, neverSpoke, type Flag } from '../../journal/flag.ts';
import type { Participant, Seat, TurnMeta } from '../../wire/types.ts';
import { otherSeat } from '../../wire/types.ts';
import { findBothParts } from './both-parts.ts';
import { findBrokenCharacter } from './broken-character.ts';
import { findSwitchedLanguage, type Identify } from './switched-language.ts';

export interface SpokenTurn {
  readonly seat: Seat;
  readonly turn: number;
  readonly text: string;
  readonly meta?: TurnMeta;
}

const longestQuotation = 80;

/** Hears a meeting turn by turn and says what is doubtful about it. */
export class FlagFinder {
  readonly #seats: { readonly [seat in Seat]: Participant };
  readonly #identify: Identify | undefined;
  readonly #turns = { a: 0, b: 0 };
  /** The last language of each seat that was not the announced one: told once, until it changes. */
  readonly #strange: { [seat in Seat]?: string | undefined } = {};

  /** Without `identify` languages are not looked at. */
  constructor(seats: { readonly [seat in Seat]: Participant }, identify?: Identify) {
    this.#seats = seats;
    this.#identify = identify;
  }

  hear({ seat, turn, text, meta }: SpokenTurn): Flag[] {
    this.#turns[seat]++;
    const flag = (name: Flag['flag'], detail: string | undefined): Flag[] =>
      detail === undefined ? [] : [{ seat, turn, flag: name, detail: shorten(detail) }];
    if (isEmptyTurn(text, meta?.finish)) return flag('empty', 'nothing was said');
    const own = this.#seats[seat];
    const partner = this.#seats[otherSeat(seat)];
    const confession = findBrokenCharacter(text, own.persona?.text);
    return [
      ...flag('broke-character', confession === undefined ? undefined : `“${confession}”`),
      ...flag('spoke-both', findBothParts(text, own.name, partner.name)),
      ...flag('switched-language', this.#switchOf(seat, text)),
    ];
  }

  /** What only the end can tell. */
  end(): Flag[] {
    return neverSpoke(this.#turns);
  }

  #switchOf(seat: Seat, text: string): string | undefined {
    if (!this.#identify) return undefined;
    const { lang } = this.#seats[seat];
    const found = findSwitchedLanguage(text, lang, this.#identify);
    const isNew = found !== undefined && found !== this.#strange[seat];
    this.#strange[seat] = found;
    return isNew ? `speaks ${nameOf(found)} instead of ${nameOf(lang ?? '')}` : undefined;
  }
}

const languageNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });

function nameOf(tag: string): string {
  return languageNames.of(tag) ?? tag;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length <= longestQuotation ? line : `${line.slice(0, longestQuotation - 1)}…`;
}
