import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEvent, MeetingEvent } from '../../journal/event.ts';
import { OutlineBuilder, type Outline } from '../../journal/conversation.ts';
import type { Participant } from '../../wire/types.ts';

const begin = Date.UTC(2026, 10, 21, 1, 53, 7);

/** Stamps events as a journal would, a second apart. */
export function stamp(events: readonly MeetingEvent[], from = 1): JournalEvent[] {
  return events.map((event, index) => {
    const seq = from + index;
    return { v: 1, seq, t: new Date(begin + seq * 1_000).toISOString(), ...event };
  });
}

export function meetingEvent(a: Partial<Participant> = {}, b: Partial<Participant> = {}): MeetingEvent {
  return {
    type: 'meeting',
    meeting: 'ada-bert',
    software: 'colloquy 0.0.0',
    settings: { hello: '/start', first: 'a', maxMessages: 10, maxSeconds: 0 },
    seats: { a: { name: 'Ada', ...a }, b: { name: 'Bert', ...b } },
  };
}

export function turnEvent(turn: number, text: string): Extract<MeetingEvent, { type: 'turn' }> {
  return { type: 'turn', seat: turn % 2 === 1 ? 'a' : 'b', turn, text };
}

export function toLines(events: readonly JournalEvent[]): string {
  return events.map((event) => JSON.stringify(event) + '\n').join('');
}

/** A meeting's folder with this journal. */
export async function writeMeeting(transcripts: string, name: string, journal: string): Promise<string> {
  const folder = path.join(transcripts, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'journal.jsonl'), journal);
  return folder;
}

export function outlineOf(events: readonly JournalEvent[]): Outline {
  const builder = new OutlineBuilder('unnamed');
  for (const event of events) builder.add({ type: 'event', event, next: { offset: 0, line: 1 } });
  return builder.outline;
}
