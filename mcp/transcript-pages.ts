import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { OutlineBuilder } from '../journal/conversation.ts';
import { journalFileName } from '../journal/journal.ts';
import { summarizeMeeting, type MeetingSummary } from '../journal/meetings.ts';
import { journalItems } from '../journal/read.ts';
import { noFiles } from '../journal/render/workspace.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { isMeetingName } from '../wire/greeting.ts';

/** What a model reads at once with attention; a single turn that is longer is cut. */
const mostCharacters = 60_000;

export function meetingUri(id: string): string {
  return `colloquy://meetings/${id}`;
}

export interface TranscriptPage {
  /** Markdown. */
  readonly text: string;
  /** The first turn that is not in it; absent where it goes to the end. */
  readonly nextTurn?: number;
}

/**
 * A transcript from a turn on, as far as it fits. The journal is read a line at a time. Rejects with ColloquyError
 * `unknown-meeting`, and where the journal cannot be read.
 */
export async function readTranscript(
  transcripts: string,
  id: string,
  { fromTurn }: { readonly fromTurn: number },
): Promise<TranscriptPage> {
  const journal = path.join(await folderOf(transcripts, id), journalFileName);
  const { markdownEntry, markdownFooter, markdownHeader } = await import('../journal/render/markdown.ts');
  const builder = new OutlineBuilder(id);
  const pieces: string[] = [];
  let characters = 0;
  let isBegun = false;
  try {
    for await (const item of journalItems(journal)) {
      const entry = builder.add(item);
      const { outline } = builder;
      if (!isBegun) {
        isBegun = true;
        pieces.push(markdownHeader(outline));
      }
      if (!entry || outline.turns < fromTurn) continue;
      const piece = shorten(markdownEntry(entry, outline, noFiles));
      characters += piece.length;
      if (characters > mostCharacters && pieces.length > 1 && entry.type === 'turn') {
        const more = `\n[… goes on with turn ${entry.turn}]\n`;
        return { text: pieces.join('') + more, nextTurn: entry.turn };
      }
      // What came of a turn belongs to it, as long as it does not get out of hand.
      if (characters <= 2 * mostCharacters) pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof ColloquyError) throw error;
    throw new ColloquyError(`the journal of ${id} cannot be read: ${messageOf(error)}`, {
      code: 'transcripts-unreadable',
      cause: error,
    });
  }
  return { text: pieces.join('') + markdownFooter(builder.outline) };
}

export interface MeetingsPage {
  readonly meetings: readonly MeetingSummary[];
  /** Absent: there are no more. */
  readonly nextCursor?: string;
}

/**
 * The latest meetings first, as their names have it; `cursor` is where an earlier page ended. Rejects with
 * ColloquyError `transcripts-unreadable`.
 */
export async function pageMeetings(
  transcripts: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<MeetingsPage> {
  const names = (await namesIn(transcripts)).filter((name) => cursor === undefined || name < cursor);
  const meetings: MeetingSummary[] = [];
  for (const [at, name] of names.entries()) {
    const folder = path.join(transcripts, name);
    const summary = (await holdsJournal(folder)) ? await summarizeMeeting(folder) : undefined;
    if (summary) meetings.push(summary);
    if (meetings.length === limit && at < names.length - 1) return { meetings, nextCursor: name };
  }
  return { meetings };
}

/** Real folders only: a link may lead anywhere. */
async function namesIn(transcripts: string): Promise<string[]> {
  try {
    const entries = await readdir(transcripts, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory() && isMeetingName(entry.name));
    return names
      .map(({ name }) => name)
      .sort()
      .reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ColloquyError(`the folder of the transcripts cannot be read: ${messageOf(error)}`, {
      code: 'transcripts-unreadable',
      cause: error,
    });
  }
}

/** What is no plain name is not looked for, and what is no real folder with a real journal is not opened. */
async function folderOf(transcripts: string, id: string): Promise<string> {
  const folder = path.join(transcripts, id);
  if (isMeetingName(id) && (await holdsJournal(folder))) return folder;
  throw new ColloquyError(
    `no meeting is called ${JSON.stringify(id.slice(0, 100))}; list_meetings tells which there are`,
    { code: 'unknown-meeting' },
  );
}

async function holdsJournal(folder: string): Promise<boolean> {
  try {
    const [around, journal] = [await lstat(folder), await lstat(path.join(folder, journalFileName))];
    return around.isDirectory() && journal.isFile();
  } catch {
    return false;
  }
}

function shorten(text: string): string {
  if (text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters)}\n[… ${text.length - mostCharacters} more characters]\n`;
}
