import path from 'node:path';
import { stat } from 'node:fs/promises';
import { compareMeetings } from '../../journal/compare.ts';
import { readConversation, type Outline } from '../../journal/conversation.ts';
import { journalFileName } from '../../journal/journal.ts';
import { describeEnd, describeModel, nameOf } from '../../journal/render/sentences.ts';
import { ColloquyError } from '../../wire/errors.ts';
import type { ComparedMeeting, ComparisonAnswer } from '../archive-api.ts';

/** Two conversations are held in memory whole while they are compared. */
const longestBytes = 32 * 1024 * 1024;

/**
 * Sets two meetings side by side, given their folders. Takes seconds of a processor where both are long: to be done in
 * a thread of its own. Rejects with ColloquyError `too-long` or `journal-unreadable`.
 */
export async function compareFolders(left: string, right: string): Promise<ComparisonAnswer> {
  const conversations = [];
  for (const folder of [left, right]) {
    const journal = path.join(folder, journalFileName);
    if ((await stat(journal)).size > longestBytes) {
      throw new ColloquyError(
        `${path.basename(folder)} is too long to be compared in a page; "colloquy transcript diff" can do it`,
        { code: 'too-long' },
      );
    }
    conversations.push(await readConversation(journal));
  }
  const [one, other] = conversations as [Awaited<ReturnType<typeof readConversation>>, never];
  return { left: describe(one), right: describe(other), ...compareMeetings(one, other) };
}

function describe(outline: Outline): ComparedMeeting {
  const seat = (name: 'a' | 'b'): ComparedMeeting['seats']['a'] => {
    const { lang } = outline.seats[name];
    return {
      name: nameOf(outline.seats, name),
      model: describeModel(outline.seats[name]),
      ...(lang === undefined ? {} : { lang }),
    };
  };
  return {
    meeting: outline.meeting,
    ...(outline.startedAt === undefined ? {} : { startedAt: outline.startedAt }),
    ended: describeEnd(outline),
    turns: outline.turns,
    seats: { a: seat('a'), b: seat('b') },
  };
}
