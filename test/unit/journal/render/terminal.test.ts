import path from 'node:path';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { readConversation, type Conversation } from '../../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { renderForTerminal } from '../../../../journal/render/terminal.ts';
import { textEntry } from '../../../../journal/render/text.ts';
import type { Entry } from '../../../../journal/conversation.ts';
import { blockEvent, resultEvent } from '../../../support/execution.ts';
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

test('a result stands further left than any words, its output behind a bar', async () => {
  const conversation = await conversationOf([
    meetingEvent(),
    turnEvent(1, '✓ Test block 9: passed\n\n```python\nx\n```'),
    blockEvent('x'),
    resultEvent({ output: '\u001b[31mred\u001b[0m\n\tb', files: [{ path: 'a\u202e.txt', bytes: 3 }] }),
    blockEvent('y', { kind: 'test' }),
    resultEvent({ kind: 'test', outcome: 'failed', detail: 'AssertionError' }),
    { type: 'stop', reason: 'end' },
  ]);
  const text = renderForTerminal(conversation, { color: false, width: 80 });
  expect(text).toContain('\n  ✓ Test block 9: passed\n');
  expect(text).toContain(
    '\nCode block 1 · 12 ms · bubblewrap\n  │ ␛[31mred␛[0m\n  │     b\n  File: a<U+202E>.txt (3 bytes)\n',
  );
  expect(text).toContain('\nTest block 1 was changed before it was run:\n  │ y\n');
  expect(text).toContain('\n✗ Test block 1: failed · 12 ms · bubblewrap\n  AssertionError\n');
  expect(text).toContain('1 test failed; 2 blocks run\n');
});

test('a text file has the results in plain words, and the output indented', () => {
  const events = stamp([
    turnEvent(1, 'Look'),
    resultEvent({ output: 'a\u001b[2J\n\nb\n', files: [{ path: 'fib.png', bytes: 7_500 }] }),
    resultEvent({ kind: 'test', outcome: 'timeout', detail: 'stopped after 10 s' }),
    turnEvent(2, 'other'),
    turnEvent(3, 'more'),
  ]) as Entry[];
  const edited = { ...stamp([blockEvent('z')])[0], isEdited: true } as Entry;
  const entries = [...events.slice(0, 1), edited, ...events.slice(1)];
  const text = entries.map((entry, index) => textEntry(entry, 'a', index === 0)).join('');
  expect(text).toBe(
    'Look\n\n[Code block 1 was changed before it was run:]\n    z\n' +
      '\n[Code block 1]\n    a␛[2J\n\n    b\n[File: fib.png (7.5 KB)]\n' +
      '\n[Test block 1: timeout. stopped after 10 s]\n\nmore\n',
  );
});
