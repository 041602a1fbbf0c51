import type { Viewer } from '../proxy/viewer.ts';
import type { ProxyFrame } from '../wire/message.ts';
import type { Participant, Seat } from '../wire/types.ts';
import type { Speaker } from './speaker.ts';
import { canonicalLanguage, castVoices, type Casting } from './voices.ts';

/** Tells the language of a text, if it can. */
export type GuessLanguage = (text: string) => string | undefined;

/**
 * Has a speaker read what is said. Of several meetings at a time it reads the one that it began with, and
 * when that is over, the next that somebody speaks in: two at once would be a babble.
 */
export function createSpeakingViewer(
  speaker: Pick<Speaker, 'say'>,
  casting: Casting,
  guess: GuessLanguage,
): Viewer {
  const meetings = new Map<string, { [seat in Seat]: Participant }>();
  let current: string | undefined;
  return (event) => {
    switch (event.type) {
      case 'paired':
        meetings.set(event.meeting, { ...event.seats });
        current ??= event.meeting;
        return;
      case 'turn': {
        const seats = meetings.get(event.meeting);
        current ??= event.meeting;
        if (!seats || current !== event.meeting) return;
        const { seat, turn, text } = event;
        seats[seat] = withLanguage(seats[seat], text, guess);
        speaker.say({ turn, speaker: seats[seat].name, text, voice: castVoices(seats, casting)[seat] });
        return;
      }
      case 'stopped':
        meetings.delete(event.meeting);
        if (current === event.meeting) current = undefined;
        return;
      default:
        return;
    }
  };
}

/**
 * Has a speaker read what the partner of a person says. The wire tells the partner's name, and nothing of
 * their language: it is taken from what they say.
 */
export function createFrameReader(
  speaker: Pick<Speaker, 'say'>,
  casting: Casting,
  guess: GuessLanguage,
): (frame: ProxyFrame) => void {
  let partner: Participant = { name: '' };
  let turns = 0;
  return (frame) => {
    if (frame.type === 'welcome') partner = { name: frame.partner };
    if (frame.type !== 'text') return;
    partner = withLanguage(partner, frame.text, guess);
    const { a: voice } = castVoices({ a: partner, b: partner }, casting);
    speaker.say({ turn: ++turns, speaker: partner.name, text: frame.text, voice });
  };
}

/** Who names no language is taken by what they say, as soon as it is enough. */
export function withLanguage(speaker: Participant, text: string, guess: GuessLanguage): Participant {
  if (canonicalLanguage(speaker.lang) !== undefined) return speaker;
  const lang = guess(text);
  return lang === undefined ? speaker : { ...speaker, lang };
}
