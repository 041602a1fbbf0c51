import fc from 'fast-check';
import { Marked } from 'marked';
import { expect, test } from 'vitest';
import { markdownEntry, markdownFooter, markdownHeader } from '../../../../journal/render/markdown.ts';
import type { KeptFiles } from '../../../../journal/render/workspace.ts';
import { blockEvent, resultEvent } from '../../../support/execution.ts';
import { meetingEvent, outlineOf, stamp, turnEvent } from '../../../support/journal.ts';
import type { Entry } from '../../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { hostileMixture, hostileTexts, tableBreakOuts } from './hostile.ts';

const outline = outlineOf(stamp([meetingEvent()]));

function rowOf(event: MeetingEvent): string {
  const [entry] = stamp([event]);
  return markdownEntry(entry as Entry, outline);
}

function cellOf(text: string): string {
  return /^\| 1 \| ([^]*) \| \|\n$/.exec(rowOf(turnEvent(1, text)))?.[1] ?? '(no such row)';
}

/** One line of three cells, with no markup but ours, whatever a parser thinks of backslashes. */
function expectOneRow(row: string): void {
  expect(row).toMatch(/^\|[^|\n\r\u2028\u2029\u0085\u000b\u000c]* \|[^|]* \|[^|]* \|\n$/);
  expect(row.slice(0, -1)).not.toMatch(/[\u0000-\u0008\n-\u001f\u007f-\u009f\u2028-\u202e]/);
  expect(row.replace(/<\/?(pre|code)>|<br\/?>/g, '')).not.toContain('<');
  expect(row).not.toMatch(/\\[^*~[\]$_`]/);
  // In a code span it is only what somebody wrote.
  const outsideCode = row.replace(/(`+)[^`]+\1(?!`)/g, '');
  expect(outsideCode).not.toMatch(/(?<!\\)\]\((?!https?:|mailto:)/);
  expect(outsideCode).not.toMatch(/(?<!\\)!\[/);
}

test.each([...tableBreakOuts, ...hostileTexts])('%j stays in its cell', (text) => {
  expectOneRow(rowOf(turnEvent(1, text)));
  expectOneRow(rowOf(turnEvent(2, text)));
  expectOneRow(rowOf({ type: 'status', seat: 'b', text }));
  expectOneRow(rowOf({ type: 'note', seat: 'a', text }));
  expectOneRow(rowOf({ type: 'lost', seat: 'a', detail: text, partial: text }));
});

test('no mixture of special characters leaves its cell', () => {
  fc.assert(
    fc.property(hostileMixture, (text) => expectOneRow(rowOf(turnEvent(1, text)))),
    { numRuns: 2_000 },
  );
});

test('a hostile name breaks neither the title nor the table', () => {
  const name = '<img src=x onerror=alert(1)> | # \\\n| evil |';
  const header = markdownHeader(
    outlineOf(stamp([meetingEvent({ name, model: name, provider: name, lang: name })])),
  );
  expect(header).not.toMatch(/<|^\| evil/m);
  expect(
    header
      .trimEnd()
      .split('\n')
      .slice(-2)
      .map((line) => line.match(/\|/g)?.length),
  ).toEqual([4, 4]);
});

test('a speaker has a column, and a turn stands in it', () => {
  expect(markdownHeader(outline)).toContain('| # | Ada | Bert |\n| --: | :-- | :-- |\n');
  expect(rowOf(turnEvent(1, 'Hello'))).toBe('| 1 | Hello | |\n');
  expect(rowOf(turnEvent(2, 'Hi'))).toBe('| 2 | | Hi |\n');
  expect(rowOf({ type: 'status', seat: 'b', text: 'waiting' })).toBe('| | | *Bert: waiting* |\n');
});

test('paragraphs, emphasis, lists and quotes survive in a cell', () => {
  expect(cellOf('one\ntwo\n\n**three** *four* ~~five~~')).toBe('one<br>two<br><br>**three** *four* ~~five~~');
  expect(cellOf('- a\n  - b\n- c')).toBe('• a<br>&emsp;• b<br>• c');
  expect(cellOf('3. a\n4. b')).toBe('3. a<br>4. b');
  expect(cellOf('> a\n> b')).toBe('> a<br>> b');
  expect(cellOf('## Title')).toBe('**Title**');
  expect(cellOf('snake_case and `x = 1`')).toBe('snake_case and `x = 1`');
  expect(cellOf('[x](https://ok.example/a_(b)|c)')).toBe('[x](https://ok.example/a_%28b%29%7Cc)');
});

test('code keeps its lines and its spaces, and every character of Markdown in it is itself', () => {
  expect(cellOf('```c\nif (a | b) {\n    *p = 1;\n}\n```')).toBe(
    '<pre>if (a &#124; b) {<br/>    \\*p = 1;<br/>}</pre>',
  );
});

test('the footer says in words how it ended, and what it took', () => {
  const usage = { input: 1200, output: 30, cached: 1000 };
  const ended = outlineOf(
    stamp([
      meetingEvent(),
      { ...turnEvent(1, 'Hello'), meta: { usage, ms: 500 } },
      { type: 'stop', reason: 'max-messages', detail: '1 messages' },
    ]),
  );
  const footer = markdownFooter(ended);
  expect(footer).toContain('Ended after 1 turn: the message limit was reached (max-messages)\n');
  expect(footer).toContain(
    '- **Ada:** 1 turn, 5 characters, 1,200 tokens read (1,000 from cache), 30 tokens written, 0.5 s a turn',
  );
  expect(markdownFooter(outline)).toContain('Unfinished: after 0 turns');
});

const kept = (path: string): KeptFiles =>
  new Map([[path, { isChanged: false, figure: { width: 4, height: 3 } }]]);

function resultRow(text: string): string {
  const path = `${text}.png`;
  const result = resultEvent({
    output: text,
    detail: text,
    tier: text,
    outcome: 'failed',
    files: [{ path, bytes: 1 }],
  });
  return markdownEntry(stamp([result])[0] as Entry, outline, kept(path));
}

/** The two places of ours that lead into the workspace, with addresses that end nothing. */
function withoutOurLinks(row: string): string {
  return row.replace(/(?<!\\)!?(\[(?:\\.|[^[\]\\])*\])\(workspace\/[\w.%/-]+\)/g, '$1');
}

test.each([...tableBreakOuts, ...hostileTexts])('a result with %j is one row', (text) => {
  expectOneRow(withoutOurLinks(resultRow(text)));
  const edited = { ...stamp([blockEvent(text)])[0], isEdited: true } as Entry;
  expectOneRow(markdownEntry(edited, outline));
});

test('no mixture of special characters leaves the row of a result', () => {
  fc.assert(
    fc.property(hostileMixture, (text) => expectOneRow(withoutOurLinks(resultRow(text)))),
    { numRuns: 2_000 },
  );
});

test('a result is a row below its turn, with figures and links into the workspace', () => {
  const passed = resultEvent({ seat: 'b', kind: 'test', ms: 1_500 });
  expect(markdownEntry(stamp([passed])[0] as Entry, outline, new Map())).toBe(
    '| | | ✓ **Test block 1: passed**<br>*turn 1, 1.5 s, bubblewrap* |\n',
  );
  const files = [
    { path: 'out/fib plot.png', bytes: 7_500 },
    { path: 'page.html', bytes: 1 },
  ];
  const drawn = resultEvent({ output: 'a | b\n`c`\n', files });
  expect(markdownEntry(stamp([drawn])[0] as Entry, { ...outline, turns: 1 }, kept('out/fib plot.png'))).toBe(
    '| | **Code block 1**<pre>a &#124; b<br/>&#96;c&#96;</pre>![out/fib plot.png](workspace/out/fib%20plot.png)<br>' +
      'Files: [out/fib plot.png](workspace/out/fib%20plot.png) (7.5 KB), page.html (1 byte)<br>*12 ms, bubblewrap* | |\n',
  );
});

test('the footer adds up what was run', () => {
  const events = stamp([
    meetingEvent(),
    blockEvent('x'),
    resultEvent({ outcome: 'refused' }),
    blockEvent('y'),
  ]);
  expect(markdownFooter(outlineOf(events))).toContain(
    '\n\n0 blocks run, 1 not run, 1 without a result\n\n- **Ada',
  );
});

test('for another parser too, a name or a link holds no image but ours', () => {
  const parser = new Marked({ gfm: true });
  const header = '| # | A | B |\n| --: | :-- | :-- |\n';
  const parse = (row: string): string => parser.parse(header + row, { async: false });
  for (const text of [...tableBreakOuts, ...hostileTexts]) {
    const html = parse(resultRow(text));
    expect(html.match(/<tr>/g), text).toHaveLength(2);
    for (const [, address] of html.matchAll(/<img src="([^"]*)"/g)) expect(address).toMatch(/^workspace\//);
  }
  expect(
    parse(rowOf(turnEvent(1, '[!\\[x\\](https://evil.example/x.gif)](https://ok.example)'))),
  ).not.toContain('<img');
});
