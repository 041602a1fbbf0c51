import { otherSeat, type Seat } from '../../wire/types.ts';
import type { JournalEvent } from '../event.ts';
import { toJson, type ExportedMeeting, type Exporter } from './exporter.ts';

/**
 * One chat: a line that says who met, and a line for each message, those of `seat` as the character's. Source:
 * SillyTavern, src/endpoints/chats.js (what it writes itself when it imports a chat) and
 * public/scripts/extensions/translate (`extra.display_text`). A file holds one meeting.
 */
export function createSillyTavernExporter(seat: Seat): Exporter {
  return {
    add: (meeting) => {
      const messages = messagesOf(meeting, seat);
      if (messages.length === 0) return { data: '', records: 0 };
      const lines = [headOf(meeting, seat), ...messages].map(toJson);
      return { data: lines.join('\n'), records: messages.length };
    },
    end: () => '',
  };
}

function headOf({ outline }: ExportedMeeting, seat: Seat): object {
  return {
    user_name: outline.seats[otherSeat(seat)].name,
    character_name: outline.seats[seat].name,
    create_date: outline.startedAt ?? '',
    chat_metadata: {},
  };
}

function messagesOf({ outline, events }: ExportedMeeting, seat: Seat): object[] {
  const translations = new Map<number, string>();
  for (const event of events) {
    if (event.type === 'translation' && event.failed === undefined) translations.set(event.turn, event.text);
  }
  return events.flatMap((event): object[] => {
    if (event.type === 'result') return [resultMessage(event)];
    if (event.type !== 'turn') return [];
    const shown = translations.get(event.turn);
    return [
      {
        name: outline.seats[event.seat].name,
        is_user: event.seat !== seat,
        is_system: false,
        send_date: event.t,
        mes: event.text,
        extra: shown === undefined ? {} : { display_text: shown },
      },
    ];
  });
}

/** Shown in the chat, and hidden from its models. */
function resultMessage({
  t,
  turn,
  kind,
  number,
  outcome,
  output,
}: Extract<JournalEvent, { type: 'result' }>): object {
  const title = `Turn ${turn}, ${kind} block ${number}: ${outcome}`;
  return {
    name: 'Colloquy',
    is_user: false,
    is_system: true,
    send_date: t,
    mes: output === '' ? title : `${title}\n${output}`,
    extra: { type: 'narrator' },
  };
}
