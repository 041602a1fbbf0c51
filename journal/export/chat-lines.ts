import { seats, type Seat } from '../../wire/types.ts';
import { toJson, type Exporter } from './exporter.ts';
import { alternate, seatStory, type Message } from './seat-story.ts';

/** The conversation of one seat, as a chat format wants it. */
export interface Chat {
  readonly meeting: string;
  readonly seat: Seat;
  /** The persona; empty where there is none. */
  readonly system: string;
  /** In strict alternation, the seat's own are the `assistant`'s. */
  readonly messages: readonly Message[];
}

/** A line of JSON for each seat that said something, or for `seat` alone; `toRecord` makes of it what stands there. */
export function createChatExporter(seat: Seat | undefined, toRecord: (chat: Chat) => unknown): Exporter {
  return {
    add: ({ outline, events }) => {
      const lines = (seat ? [seat] : seats).flatMap((each) => {
        const messages = alternate(seatStory(events, each));
        if (messages.length === 0) return [];
        const system = outline.seats[each].persona?.text ?? '';
        return [`${toJson(toRecord({ meeting: outline.meeting, seat: each, system, messages }))}\n`];
      });
      return { data: lines.join(''), records: lines.length };
    },
    end: () => '',
  };
}
