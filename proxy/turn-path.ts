import type { Clock } from '../wire/clock.ts';
import { encodeText } from '../wire/message.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { Audience } from './audience.ts';
import type { Execution, Report, Work } from './execution.ts';
import type { IdleWatch } from './idle-watch.ts';
import type { Ledger } from './ledger.ts';
import type { LastMessage, Memory } from './memory.ts';
import type { Place } from './place.ts';
import { executedOf, RunningTurns } from './running-turns.ts';
import { withoutLine, type Speech } from './speech.ts';
import type { Telling } from './telling.ts';
import { TranslatingTurns, type Waiting } from './translating-turns.ts';
import { describeUntranslated, type Translation, type TurnTranslator } from './translation.ts';

export interface TurnPathOptions {
  readonly places: { readonly [seat in Seat]: Place };
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly telling: Telling;
  readonly idle: IdleWatch;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Absent where code is text like any other. */
  readonly execution?: Execution;
  /** Absent where both speak the same language, or nobody asked for it. */
  readonly translation?: TurnTranslator;
  /** Goes on at once, or when a moderator who has paused the meeting lets it through. */
  readonly passThrough: (speech: Speech, seat: Seat, turn: number, pass: () => void) => void;
  /** The end of the path: hands the turn to the partner. */
  readonly forward: (seat: Seat, speech: Speech) => void;
}

/**
 * What a turn goes through between the journal and the partner: its code is run, and it is translated. All that
 * its seat does meanwhile waits behind it.
 */
export class TurnPath {
  readonly #options: TurnPathOptions;
  readonly #running: RunningTurns<Speech> | undefined;
  readonly #translating: TranslatingTurns<Speech> | undefined;

  constructor(options: TurnPathOptions) {
    const { execution, translation, ledger, clock } = options;
    this.#options = options;
    this.#running = execution && new RunningTurns(execution, (event) => ledger.announce(event));
    this.#translating = translation && new TranslatingTurns(translation, () => clock.nowMs());
  }

  get isTranslated(): boolean {
    return this.#translating !== undefined;
  }

  /** Whether a turn of that seat waits for its translation. */
  isTranslating(seat: Seat): boolean {
    return this.#translating?.isWaiting(seat) === true;
  }

  /** Puts off what concerns a seat whose last turn is not passed on yet. False where it is, so it can be done now. */
  putOff(seat: Seat, action: () => void): boolean {
    if (this.#running?.putOff(seat, action)) return true;
    if (!this.#translating?.putOff(seat, action)) return false;
    // Something else may have listened to it again: no more than one read is kept in memory.
    this.#options.places[seat].pause();
    return true;
  }

  /** Has the code of a turn run before it is passed on. */
  follow(seat: Seat, turn: number, speech: Speech): void {
    const { execution, places, idle } = this.#options;
    const work = speech.text === '' ? undefined : execution?.examine(speech.text);
    if (!work) return this.#translate({ seat, turn, speech, results: '' });
    places[seat].pause();
    const release = idle.hold();
    this.#running?.start(seat, turn, work, speech, (report) => {
      release();
      this.#reveal(seat, turn, speech, report);
    });
  }

  /**
   * What was said last, before the proxy ended, may have been said to nobody: its code was not run yet, or it was not
   * translated. False where nothing of it was left to do.
   */
  takeUp(last: LastMessage, untranslated: Memory['untranslated']): boolean {
    const { telling, execution } = this.#options;
    const { seat, turn, text, code, isReported, results } = last;
    for (const earlier of seats.map((seat) => untranslated[seat])) {
      if (!earlier || earlier.turn === turn) continue;
      this.#translate({ ...earlier, speech: withoutLine(earlier) });
    }
    const speech = withoutLine(last);
    const isUntranslated = untranslated[seat]?.turn === turn;
    // What waits for its translation is not told before, whatever the number of what was sent.
    if (isUntranslated) telling.noteAllSent();
    const work = text === '' || isReported ? undefined : execution?.examine(text);
    const report = work && code.length > 0 ? this.#reportAgain(last, work) : undefined;
    if (report) this.#reveal(seat, turn, speech, report);
    else if (work) this.follow(seat, turn, speech);
    else if (isUntranslated) this.#translate({ seat, turn, speech, results });
    else return false;
    return true;
  }

  /** What a moderator held back when the proxy ended is let through. */
  letThrough(message: LastMessage, speech: Speech): void {
    const { seat, turn, text, code, isReported } = message;
    const work = text === '' ? undefined : this.#options.execution?.examine(text);
    const report = work && code.length > 0 ? this.#reportAgain(message, work) : undefined;
    if (!report) return this.follow(seat, turn, speech);
    this.#reveal(seat, turn, speech, isReported ? { ...report, note: '' } : report);
  }

  /** Ends what is under way, and returns what still waits to be said. */
  stop(): { readonly what: Waiting<Speech>; readonly waitedMs: number }[] {
    const running = this.#running?.stop() ?? [];
    return [
      ...running.map((what) => ({ what: { ...what, results: '' }, waitedMs: 0 })),
      ...(this.#translating?.stop() ?? []),
    ];
  }

  /** What still waits when the meeting ends is said as it is. */
  sayAnyway({ seat, turn, speech, results }: Waiting<Speech>, waitedMs: number): void {
    const { translation: translator, telling } = this.#options;
    if (translator?.needs(speech.text)) {
      const why = 'the meeting ended before that was done';
      this.#recordTranslation(seat, turn, translator.giveUp(seat, speech.text, waitedMs, why));
    }
    const text = results === '' ? speech.text : `${speech.text}\n\n${results}`;
    telling.send(seat, 0, (peer) => telling.say(peer, { ...withoutLine(speech), text }));
  }

  /** Passes a turn on with the results of its code below it, which the author is told as well. */
  #reveal(seat: Seat, turn: number, speech: Speech, { results, problems, note }: Report): void {
    const { places, telling, ledger, audience, passThrough } = this.#options;
    places[otherSeat(seat)].together(() => {
      if (note !== '') telling.tell(seat, note);
      ledger.commit(() => {
        if (problems !== '') audience.show({ type: 'problems', seat, turn, text: problems });
        passThrough(speech, seat, turn, () => this.#translate({ seat, turn, speech, results }));
      });
    });
    this.#listenTo(seat);
  }

  /** Has a turn translated before it is passed on, where the two speak different languages. */
  #translate(what: Waiting<Speech>): void {
    const { places, translation: translator, audience, ledger, passThrough } = this.#options;
    const { seat, turn, speech, results } = what;
    if (!translator?.needs(speech.text)) return this.#passOn(seat, speech, results);
    const partner = places[otherSeat(seat)];
    const to = translator.languageFor(seat);
    audience.show({ type: 'translating', seat, turn, to });
    partner.status(`has spoken, and is being translated into ${to}`);
    places[seat].pause();
    this.#translating?.start(what, (translation) => {
      partner.together(() => {
        this.#recordTranslation(seat, turn, translation);
        const translated = { ...withoutLine(speech), text: translation.text };
        const pass = (): void => this.#passOn(seat, translated, results);
        ledger.commit(() => passThrough(speech, seat, turn, pass));
      });
      this.#listenTo(seat);
    });
  }

  /** Where a turn is not translated, its reader is told why. */
  #recordTranslation(seat: Seat, turn: number, translation: Translation): void {
    const { telling, ledger } = this.#options;
    if (translation.failed !== undefined)
      telling.tell(otherSeat(seat), describeUntranslated(turn, translation));
    ledger.announceBilled({ type: 'translation', seat, turn, ...translation });
  }

  /** With what came of the code in it, for which a message may have no room. */
  #passOn(seat: Seat, speech: Speech, results: string): void {
    const { telling, ledger, maxFrameBytes, forward } = this.#options;
    if (results === '') return forward(seat, speech);
    const text = `${speech.text}\n\n${results}`;
    if (Buffer.byteLength(encodeText(text)) <= maxFrameBytes)
      return forward(seat, { ...withoutLine(speech), text });
    telling.tell(otherSeat(seat), `What came of your partner's code:\n\n${results}`);
    ledger.commit(() => forward(seat, speech));
  }

  /** Nothing of its last turn is waited for any more. */
  #listenTo(seat: Seat): void {
    if (!this.isTranslating(seat)) this.#options.places[seat].resume();
  }

  /** What came of code that was run before the proxy ended. */
  #reportAgain({ seat, turn, code }: LastMessage, { problems }: Work): Report | undefined {
    const { ledger, execution } = this.#options;
    const executed = executedOf(code);
    for (const { block, result } of executed.filter((one) => one.isLost)) {
      ledger.write({ type: 'result', seat, turn, kind: block.kind, number: block.number, ...result });
    }
    return execution?.report(executed, problems);
  }
}
