import type { MeetingSettings } from '../journal/event.ts';
import { otherSeat, type Seat, type SpokenVerb, type StopReason } from '../wire/types.ts';
import type { Attention } from './attention.ts';
import type { Execution } from './execution.ts';
import type { Farewell } from './farewell.ts';
import type { Ledger } from './ledger.ts';
import type { LastMessage } from './memory.ts';
import type { Place } from './place.ts';
import type { Speech } from './speech.ts';
import { messagesOf, stopAfterTurn } from './stop-rules.ts';
import type { Telling } from './telling.ts';
import { turnsLeftNote } from './turns-left.ts';

export interface ForwardingOptions {
  readonly places: { readonly [seat in Seat]: Place };
  readonly settings: MeetingSettings;
  readonly ledger: Ledger;
  readonly telling: Telling;
  readonly farewell: Farewell;
  readonly execution?: Execution;
  readonly attention?: Attention;
  readonly nameOf: (seat: Seat) => string;
  readonly stop: (reason: StopReason, detail?: string) => void;
  /** A message was passed on that was not the last. */
  readonly onPassed: () => void;
}

/** How what was said reaches the other seat, and which message is the last. */
export class Forwarding {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** Passes on what was said, and ends the meeting if it was the last word. */
  forward(seat: Seat, speech: Speech): void {
    const { telling, farewell, stop, onPassed } = this.#options;
    const { text, control } = speech;
    const said = text !== '' || !control;
    const pass = (control?: 'bye' | 'help'): void =>
      telling.deliver(seat, text.length, (peer) => {
        if (said) telling.say(peer, speech);
        if (control) peer[control]();
        if (control === 'bye') farewell.awaitAnswer();
      });
    const ending = this.#endingAfter(seat, control, farewell.isAnsweredBy(seat));
    if (ending) {
      if (said) pass();
      return stop(ending.reason, ending.detail);
    }
    if (control !== 'bye' && !farewell.isBegun) this.#tellTurnsLeft(otherSeat(seat));
    if (control === 'bye' || farewell.isAsked) {
      farewell.begin(seat);
      pass('bye');
    } else {
      pass(control === 'help' ? control : undefined);
    }
    onPassed();
  }

  /** Whether that message was the last; then the meeting ends. */
  endAfter({ seat, control, answersGoodbye }: LastMessage): boolean {
    const ending = this.#endingAfter(seat, control, answersGoodbye);
    if (ending) this.#options.stop(ending.reason, ending.detail);
    return ending !== undefined;
  }

  /** Ends the meeting if a limit is reached already. */
  checkLimits(): void {
    const { ledger, settings, stop } = this.#options;
    const ending = stopAfterTurn(ledger.progress, settings);
    if (ending) stop(ending.reason, ending.detail);
  }

  /** Whether a message was the last. */
  #endingAfter(
    seat: Seat,
    control: SpokenVerb | undefined,
    answersGoodbye: boolean,
  ): { reason: StopReason; detail?: string } | undefined {
    const { execution, attention, farewell, ledger, settings, nameOf } = this.#options;
    const passed = execution?.enoughPassed;
    if (passed !== undefined) {
      return { reason: 'tests-passed', detail: `${passed} ${passed === 1 ? 'test' : 'tests'}` };
    }
    if (control === 'stop' || control === 'end') {
      const reason = control === 'end' ? 'end' : 'stopped';
      return { reason, detail: `${nameOf(seat)} said /${control}` };
    }
    const { reason } = farewell;
    if (reason && answersGoodbye) return { reason };
    const loop = reason || control === 'bye' ? undefined : attention?.loop;
    if (loop) return { reason: 'loop', detail: loop.sentence };
    // Two who ask each other for help without a word would otherwise never end.
    return stopAfterTurn(ledger.progress, settings);
  }

  /** Only who takes notes is told: a speaker of old would answer it. */
  #tellTurnsLeft(seat: Seat): void {
    const { settings, places, ledger, telling } = this.#options;
    if (!settings.tellTurnsLeft || settings.maxMessages === 0 || !places[seat].wants('note')) return;
    const left = settings.maxMessages - messagesOf(ledger.progress);
    const note = turnsLeftNote(left, settings.maxMessages);
    if (note !== undefined) telling.tell(seat, note);
  }
}
