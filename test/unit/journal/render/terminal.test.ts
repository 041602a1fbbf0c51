import path from 'node:path';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { readConversation, type Conversation } from '../../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { renderForTerminal } from '../../../../journal/render/terminal.ts';
import { textEntry } from '../../../../journal/render/text.ts';
import type { Entry } from '../../../../journal/conversation.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../../support/journal.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

async function conversationOf(events: readonly MeetingEvent[]): Promise<Conversation> {
  const folder = await writeMeeting(await temporaryFolder(), 'x', toLines(stamp(events)));
  return readConversation(path.join(folder, 'journal.jsonl'));
}

test('nothing that was said reaches the terminal as a control character', async () => {
  const evil = '\u001b]0;owned\u0007\u009b2J\r\u202e';
  const conversation = await conversationOf([
    meetingEvent({ name: evil, model: evil }),
    turnEvent(1, evil),
    { type: 'status', seat: 'a', text: evil },
    { type: 'stop', reason: 'error', detail: evil },
  ]);
  expect(renderForTerminal(conversation, { color: false, width: 80 })).not.toMatch(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
  );
});

test('prose is wrapped, also where letters are two columns wide, and code is not', async () => {
  const code = `x = "${'y'.repeat(100)} z"`;
  const prose = 'lorem ipsum '.repeat(30) + '漢字 '.repeat(60);
  const conversation = await conversationOf([
    meetingEvent(),
    turnEvent(1, `${prose}\n\`\`\`\n${code}\n\`\`\`\n${prose}`),
  ]);
  const lines = renderForTerminal(conversation, { color: false, width: 60 }).split('\n');
  expect(lines).toContain(`  ${code}`);
  expect(lines.filter((line) => stringWidth(line) > 60)).toEqual([`  ${code}`]);
});

test('colours tell the seats apart, and are left out on demand', async () => {
  const conversation = await conversationOf([meetingEvent(), turnEvent(1, 'x'), turnEvent(2, 'y')]);
  const coloured = renderForTerminal(conversation, { color: true, width: 80 });
  expect(coloured).toContain('\u001b[36m');
  expect(coloured).toContain('\u001b[33m');
  expect(renderForTerminal(conversation, { color: false, width: 80 })).not.toContain('\u001b');
});

test('a text file holds the words of one speaker, turns parted by a blank line', () => {
  const entries = stamp([
    turnEvent(1, 'one\n\ntwo\n'),
    turnEvent(2, 'other'),
    turnEvent(3, 'three\u001b'),
  ]) as Entry[];
  const text = entries.map((entry, index) => textEntry(entry, 'a', index === 0)).join('');
  expect(text).toBe('one\n\ntwo\n\nthree␛\n');
});
