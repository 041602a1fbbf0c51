import type { Part, PlayedMessage } from '../agents/player.ts';
import { cannotReplay, type MeetingRecord, type SaidMessage } from '../journal/record-of.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import { encodeSpeech } from '../wire/encode-speech.ts';
import { otherSeat, type Seat } from '../wire/types.ts';

/** A pause is never longer: a meeting may have been interrupted for a night. */
const longestPauseMs = 60_000;

/**
 * What a seat says when a meeting is played back, `speed` times as fast; Infinity: without a pause. Throws
 * ColloquyError `cannot-replay` where a message cannot be said again as it was.
 */
export function partOf(record: MeetingRecord, seat: Seat, speed: number): Part {
  const messages: PlayedMessage[] = [];
  let after = record.start?.seat === seat ? 1 : 0;
  let previousMs = record.start?.atMs;
  for (const message of record.messages) {
    const { text, meta, atMs } = message;
    if (message.seat !== seat) after += framesOf(message);
    else {
      const line = encodeSpeech(message);
      if (line === undefined) {
        throw cannotReplay(`${nameOfMessage(message)} of ${record.meeting} cannot be said again as it was`);
      }
      const delayMs = Math.min(longestPauseMs, Math.max(0, atMs - (previousMs ?? atMs)) / speed);
      const writingMs = Math.min(delayMs, (meta.ms ?? 0) / speed);
      messages.push({ line, text, meta, after, delayMs, writingMs });
    }
    previousMs = atMs;
  }
  const leaver = leaverOf(record);
  return { messages, ...(leaver?.seat === seat ? { leave: { after, reason: leaver.reason } } : {}) };
}

/** Whether the meeting comes to the end it had by what is said in it, or because somebody goes. */
function endsByItself({ stop }: MeetingRecord): boolean {
  return stop !== undefined && ['end', 'max-messages', 'agent-lost'].includes(stop.reason);
}

/**
 * Tells when a replay must be ended: when all was said and the last of it passed on. Never, where the meeting comes
 * to its end by itself. Takes what a viewer is shown, all of it, in order.
 */
export function endOf(record: MeetingRecord): (event: ViewerEvent) => boolean {
  if (endsByItself(record)) return () => false;
  let left = record.messages.length;
  return ({ type }) => {
    if (type === 'turn' || type === 'control') left--;
    return type === 'thinking' && left === 0;
  };
}

/** The longest that the whole may take, in seconds: whoever waits for a cue that never comes waits no longer. */
export function longestReplaySeconds(record: MeetingRecord, speed: number): number {
  const parts = [partOf(record, 'a', speed), partOf(record, 'b', speed)];
  const delaysMs = parts.flatMap(({ messages }) => messages.map(({ delayMs }) => delayMs));
  const blockSeconds = record.outcomes.length * ((record.head.settings.execution?.limits.seconds ?? 0) + 5);
  const playedSeconds = delaysMs.reduce((sum, ms) => sum + ms, 0) / 1_000;
  return Math.ceil(60 + playedSeconds * 1.5 + record.messages.length * 0.05 + blockSeconds);
}

/** The first thing in which a replay is not what was replayed; undefined where it is the same. */
export function firstDifference(
  before: MeetingRecord,
  after: MeetingRecord,
  isExecuted: boolean,
): string | undefined {
  const count = Math.max(before.messages.length, after.messages.length);
  for (let index = 0; index < count; index++) {
    const [one, other] = [before.messages[index], after.messages[index]];
    if (!other) return `${nameOfMessage(one)} was not said again: it ended before, ${reasonOf(after)}`;
    if (!one) return `${nameOfMessage(other)} is one too many`;
    const name = nameOfMessage(one);
    if (one.turn !== other.turn) return `${name} has become ${nameOfMessage(other)}`;
    if (one.seat !== other.seat) return `${name} was said by seat ${one.seat}, and now by seat ${other.seat}`;
    if (one.text !== other.text) return `${name} has other words`;
    if (one.control !== other.control) {
      return `${name} had ${tokenOf(one)}, and now ${tokenOf(other)}`;
    }
  }
  if (isExecuted) {
    const blocks = Math.max(before.outcomes.length, after.outcomes.length);
    for (let index = 0; index < blocks; index++) {
      const [one = 'nothing', other = 'nothing'] = [before.outcomes[index], after.outcomes[index]];
      if (one !== other) return `${one} then, ${other} now`;
    }
  }
  if (!isEndProved(before, isExecuted) || before.stop?.reason === after.stop?.reason) return undefined;
  return `it ended then with ${before.stop?.reason}, and now ${reasonOf(after)}`;
}

/** The one sentence of a replay that was the same. */
export function describeProof(record: MeetingRecord, isExecuted: boolean): string {
  const { messages, outcomes, stop, others, meeting } = record;
  const turns = messages.filter(({ turn }) => turn !== undefined).length;
  const controls = messages.length - turns;
  const same = [count(turns, 'turn'), ...(controls > 0 ? [count(controls, 'control word')] : [])].join(
    ' and ',
  );
  const run =
    isExecuted && outcomes.length > 0 ? `, ${count(outcomes.length, 'block')} with the same outcome` : '';
  const end = !stop
    ? '; it had no end then'
    : isEndProved(record, isExecuted)
      ? `, and the same end (${stop.reason})`
      : `; it was ended then by ${stop.reason}, to which its words alone do not lead`;
  const left = [...others].map(([type, number]) => `${number} × ${type}`);
  const notRun = !isExecuted && outcomes.length > 0 ? [`${outcomes.length} × code, see --execute`] : [];
  const rest = [...left, ...notRun];
  const aside = rest.length === 0 ? '' : ` Not played back: ${rest.join(', ')}.`;
  return `${meeting} is the same again: ${same}, word for word and in the same order${run}${end}.${aside}`;
}

function isEndProved(record: MeetingRecord, isExecuted: boolean): boolean {
  const { stop } = record;
  if (!stop) return false;
  if (stop.reason === 'tests-passed') return isExecuted;
  // Ctrl-C and `/stop` have one reason; both end a replay, the first when all is said.
  return endsByItself(record) || stop.reason === 'stopped';
}

/** Who goes at the end: whoever was gone then, or whoever did not answer a goodbye. */
function leaverOf(record: MeetingRecord): { readonly seat: Seat; readonly reason: string } | undefined {
  const { stop, lost, messages } = record;
  if (stop?.reason === 'agent-lost' && lost)
    return { seat: lost.seat, reason: lost.detail.replace(/^left: /, '') };
  const last = messages.at(-1);
  if (stop?.reason === 'end' && last) return { seat: otherSeat(last.seat), reason: 'as it was then' };
  return undefined;
}

/** How many frames the other seat gets of a message. */
function framesOf({ text, control }: SaidMessage): number {
  const isText = text !== '' || control === undefined;
  return Number(isText) + Number(control === 'bye' || control === 'help');
}

function nameOfMessage(message: SaidMessage | undefined): string {
  if (message?.turn !== undefined) return `turn ${message.turn}`;
  return `the control word /${message?.control}`;
}

function tokenOf({ control }: SaidMessage): string {
  return control === undefined ? 'no control word' : `/${control}`;
}

function reasonOf({ stop }: MeetingRecord): string {
  if (!stop) return 'without an end';
  return `with ${stop.reason}${stop.detail === undefined ? '' : ` (${stop.detail})`}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
