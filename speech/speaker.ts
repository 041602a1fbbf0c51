import { messageOf } from '../wire/errors.ts';
import type { Engine } from './engines.ts';
import { toPlainSpeech, type ReadingStyle } from './plain-speech.ts';
import { sayAloud } from './utter.ts';
import type { Voice } from './voices.ts';

/** A turn as it was written, and who reads it. */
export interface SpokenTurn {
  readonly turn: number;
  /** The name. */
  readonly speaker: string;
  readonly text: string;
  readonly voice: Voice;
}

export interface SpeakerOptions {
  readonly engine: Engine;
  readonly reading: ReadingStyle;
  /** Of more turns that wait to be read, the oldest are left out; 0: all are read. */
  readonly mostBehind: number;
  /** That turn begins to be heard. */
  readonly onTurn?: (turn: SpokenTurn) => void;
  /** One sentence that the person should know. */
  readonly onNotice: (message: string) => void;
}

/** After so many failures in a row there is no point in trying again. */
const mostFailures = 2;

/** Reads turns aloud one after the other, never two at a time. Nobody waits for it. */
export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #cut = new AbortController();
  readonly #toldOf = new Set<string>();
  #waiting: SpokenTurn[] = [];
  #current: SpokenTurn | undefined;
  #reading: Promise<void> | undefined;
  #failures = 0;
  #failure: unknown;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** How many turns are not read to the end yet. */
  get behind(): number {
    return this.#waiting.length + (this.#current ? 1 : 0);
  }

  /** Returns at once; the turn is read when those before it have been. */
  say(turn: SpokenTurn): void {
    if (this.#cut.signal.aborted) return;
    this.#waiting.push(turn);
    this.#dropOldest();
    this.#reading ??= this.#readAll();
  }

  /** Resolves when nothing is left to read. Rejects with what ended the reading before that, if it was no cut. */
  async finish(): Promise<void> {
    await this.#reading;
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  /** Falls silent, for good. */
  cut(): void {
    this.#waiting = [];
    this.#cut.abort();
  }

  async #readAll(): Promise<void> {
    // What is shown of a turn is shown before it is heard.
    await Promise.resolve();
    while ((this.#current = this.#waiting.shift())) await this.#read(this.#current);
    this.#reading = undefined;
  }

  async #read(turn: SpokenTurn): Promise<void> {
    const { engine, reading, onTurn } = this.#options;
    const { voice } = turn;
    try {
      const text = toPlainSpeech(turn.text, { ...reading, lang: voice.lang });
      onTurn?.(turn);
      if (text === '') return;
      this.#tellOnce(engine.problemWith(voice));
      await sayAloud(engine, { text, voice }, this.#cut.signal);
      this.#failures = 0;
    } catch (error) {
      if (!this.#cut.signal.aborted) this.#fail(turn, error);
    }
  }

  #fail({ turn }: SpokenTurn, error: unknown): void {
    const why = `turn ${turn} could not be read aloud: ${messageOf(error)}`;
    if (++this.#failures < mostFailures) return this.#options.onNotice(why);
    this.#options.onNotice(`${why}; no more turns are read`);
    this.#failure = error;
    this.cut();
  }

  #dropOldest(): void {
    const { mostBehind, onNotice } = this.#options;
    const excess = mostBehind === 0 ? 0 : this.#waiting.length - mostBehind;
    const [first, last] = [this.#waiting[0], this.#waiting[excess - 1]];
    if (excess <= 0 || !first || !last) return;
    this.#waiting.splice(0, excess);
    const which = excess === 1 ? `turn ${first.turn} is` : `turns ${first.turn} to ${last.turn} are`;
    onNotice(`${which} not read aloud: more than ${mostBehind} were waiting (speech.max_turns_behind)`);
  }

  #tellOnce(message: string | undefined): void {
    if (message === undefined || this.#toldOf.has(message)) return;
    this.#toldOf.add(message);
    this.#options.onNotice(message);
  }
}
