import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import type { Entry } from '../../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { htmlEntry, htmlFooter, htmlHeader } from '../../../../journal/render/html.ts';
import type { KeptFiles } from '../../../../journal/render/workspace.ts';
import { blockEvent, resultEvent } from '../../../support/execution.ts';
import { meetingEvent, outlineOf, stamp, turnEvent } from '../../../support/journal.ts';
import { hostileTexts, tableBreakOuts } from './hostile.ts';

const outline = outlineOf(stamp([meetingEvent({ lang: 'de' }, { lang: 'en"><script>' })]));

function entryOf(event: MeetingEvent): string {
  const [entry] = stamp([event]);
  return htmlEntry(entry as Entry, outline);
}

test('the policy lets only the two inline pieces run, by their hashes', () => {
  const page = htmlHeader(outline, 'running');
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  for (const tag of ['style', 'script']) {
    const content = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(content).digest('base64');
    expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
  }
  // Neither piece can end early, and the policy stands above both.
  expect(page.match(/<\/?(style|script)/g)).toHaveLength(4);
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style'));
});

test('the script is a script', () => {
  const source = /<script>([^]*?)<\/script>/.exec(htmlHeader(outline, 'running'))?.[1] ?? '';
  expect(() => new Script(source)).not.toThrow();
});

test('a turn has an anchor, its time, tokens, latency and language', () => {
  const meta = { usage: { input: 9, output: 1234, cached: 0 }, ms: 3_210, finish: 'length' };
  const html = entryOf({ ...turnEvent(7, 'Guten *Tag*'), meta, control: 'bye' });
  expect(html).toContain('<article class="turn a" id="turn-7">');
  expect(html).toContain('<time datetime="2026-11-21T01:53:08.000Z"');
  expect(html).toContain('1,234 tokens · 3.2 s');
  expect(html).toContain('<div class="words" lang="de" dir="auto"><p>Guten <em>Tag</em></p></div>');
  expect(html).toContain('cut off at the token limit');
  expect(html).toContain('says /bye');
  expect(html).toMatch(/<\/article>\n$/);
});

test('a language that is no language tag becomes no attribute', () => {
  expect(entryOf(turnEvent(2, 'x'))).toContain('<div class="words" dir="auto">');
});

test.each(hostileTexts)('%j is harmless wherever a name, a model or a message may stand', (text) => {
  const participant = { name: text, lang: text, gender: text, provider: text, model: text };
  const persona = { text, sha256: '' };
  const events = stamp([
    meetingEvent({ ...participant, persona, parameters: { text } }, participant),
    { type: 'status', seat: 'a', text },
    { type: 'note', seat: 'b', text: `${text}\n` },
    { type: 'lost', seat: 'a', detail: text, partial: text },
    { type: 'stop', reason: 'error', detail: text },
  ]);
  const hostile = outlineOf(events);
  const head = htmlHeader(hostile, 'whole').replace(/<(style|script)>[^]*?<\/\1>/g, '');
  const entries = events.slice(1, 4).map((entry) => htmlEntry(entry as Entry, hostile));
  const page = [head, ...entries, htmlFooter(hostile)].join('');
  const tags = new Set([...page.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, tag]) => tag?.toLowerCase()));
  const own =
    '!doctype html head meta title body nav a button header p time h1 span i div section h2 ul li details summary pre b footer';
  expect([...tags].filter((tag) => !own.split(' ').includes(tag ?? ''))).toEqual([]);
  expect(page.match(/<meta/g)).toHaveLength(6);
  for (const [tag] of page.matchAll(/<[^>]+>/g)) expect(tag).not.toMatch(/ (on\w+|style|src)=/);
  expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test('while the meeting runs the page says so, afterwards it has the totals on top', () => {
  const usage = { input: 10, output: 5, cached: 0 };
  const events = stamp([
    meetingEvent(),
    { ...turnEvent(1, 'Hello'), meta: { usage } },
    { type: 'stop', reason: 'end' },
  ]);
  const ended = outlineOf(events);
  expect(htmlHeader(ended, 'running')).toContain('going on');
  const whole = htmlHeader(ended, 'whole');
  expect(whole).toContain('Ended after 1 turn: they said goodbye (end)');
  expect(whole).toContain('15 tokens');
  expect(whole).toContain('2 s');
  expect(htmlFooter(ended)).toContain('they said goodbye');
});

/** Only these, with attributes whose value cannot hold what a program printed. */
const resultTag =
  /^<(?:section class="result [ab](?: (?:passed|done|failed|refused))?"(?: id="turn-\d+-(?:code|test)-\d+")?|h3|p class="(?:detail|run)"|pre(?: class="output" tabindex="0")?|code class="hljs"|span(?: class="[a-z_ -]+")?(?: aria-hidden="true")?|a href="(?:#turn-\d+-(?:code|test)-\d+|workspace\/[\w.%/-]+" rel="noopener noreferrer nofollow)"|ul class="files"|li|bdi|small|figure|img src="data:image\/png;base64,[\w+/=]*" alt="[^"<>]*" width="\d+" height="\d+" decoding="async"|\/[a-z0-9]+)>$/;

function htmlWith(event: MeetingEvent, files: KeptFiles): string {
  return htmlEntry(stamp([event])[0] as Entry, outline, files);
}

test.each([...hostileTexts, ...tableBreakOuts])('%j is harmless in a result', (text) => {
  const path = `${text}.png`;
  const figure = { width: 4, height: 3, uri: 'data:image/png;base64,AAAA' };
  const result = resultEvent({
    output: text,
    detail: text,
    tier: text,
    outcome: 'failed',
    files: [{ path, bytes: 1 }],
  });
  const edited = { ...stamp([blockEvent(text)])[0], isEdited: true } as Entry;
  const html = htmlWith(result, new Map([[path, { isChanged: false, figure }]])) + htmlEntry(edited, outline);
  for (const [tag] of html.matchAll(/<[^>]*>?/g)) expect(tag).toMatch(resultTag);
  expect(html.match(/<img/g)).toHaveLength(1);
  expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
});

test('a result stands below its turn: verdict, reason, output, and how it was run', () => {
  const html = htmlWith(
    resultEvent({
      seat: 'b',
      turn: 2,
      kind: 'test',
      number: 3,
      outcome: 'failed',
      detail: 'AssertionError',
      output: '\n  a < b\n',
    }),
    new Map(),
  );
  expect(html).toContain('<section class="result b failed" id="turn-2-test-3">');
  expect(html).toContain('<span class="mark" aria-hidden="true">✗</span> Test block 3: failed</a></h3>');
  expect(html).toContain(
    '<p class="detail">AssertionError</p><pre class="output" tabindex="0">  a &lt; b</pre>',
  );
  expect(html).toContain('<span>12 ms</span> · <span>bubblewrap</span>');
});

test('figures are part of the page, and the policy lets no other picture in', () => {
  expect(htmlHeader(outline, 'running')).toContain('; img-src data:;');
  const figure = { width: 640, height: 480, uri: 'data:image/png;base64,AAAA' };
  const files = [
    { path: 'a "plot".png', bytes: 7_500 },
    { path: 'old.png', bytes: 10 },
    { path: 'page.html', bytes: 10 },
    { path: 'gone.txt', bytes: 10 },
  ];
  const kept: KeptFiles = new Map([
    ['a "plot".png', { isChanged: false, figure }],
    ['old.png', { isChanged: true }],
    ['page.html', { isChanged: false }],
  ]);
  const html = htmlWith(resultEvent({ files }), kept);
  expect(html).toContain(
    '<img src="data:image/png;base64,AAAA" alt="a &quot;plot&quot;.png" width="640" height="480" decoding="async">',
  );
  expect(html).toContain('<a href="workspace/a%20%22plot%22.png" rel="noopener noreferrer nofollow">');
  expect(html).toContain('<small>10 bytes, written again later</small>');
  expect(html).toContain('<li><bdi>page.html</bdi>');
  expect(html).toContain('<li><bdi>gone.txt</bdi>');
});

test.each([
  '![x](data:image/png;base64,iVBORw0KGgo=)',
  '<img src="data:image/png;base64,iVBORw0KGgo=">',
  '![x](workspace/fig.png)',
  '[![x](workspace/fig.png)](workspace/fig.png)',
  '![x][fig]\n\n[fig]: data:image/png;base64,iVBORw0KGgo=',
])('what a speaker writes becomes no picture: %j', (text) => {
  expect(entryOf(turnEvent(1, text))).not.toMatch(/<img|href="workspace/);
});

test('code is shown again only where somebody changed it before it was run', () => {
  const [block] = stamp([blockEvent('x < 1')]);
  expect(htmlEntry({ ...block, isEdited: false } as Entry, outline)).toBe('');
  const html = htmlEntry({ ...block, isEdited: true } as Entry, outline);
  expect(html).toContain('Code block 1 was changed before it was run');
  expect(html).toContain('x &lt; <span class="hljs-number">1</span>');
});

test('the end tells how the tests went', () => {
  const ended = outlineOf(
    stamp([
      meetingEvent(),
      turnEvent(1, 'x'),
      resultEvent({ kind: 'code' }),
      resultEvent({ kind: 'test', outcome: 'failed' }),
      resultEvent({ kind: 'test', number: 2 }),
      resultEvent({ kind: 'test', number: 3 }),
      { type: 'stop', reason: 'tests-passed', detail: '2 tests' },
    ]),
  );
  const sentence = 'Ended after 2 passed tests in 1 turn (tests-passed)';
  expect(htmlHeader(ended, 'whole')).toContain(`<b>${sentence}</b>`);
  expect(htmlHeader(ended, 'whole')).toContain('2 tests passed, 1 failed; 4 blocks run');
  expect(htmlFooter(ended)).toContain(`<p>${sentence}</p><p>2 tests passed, 1 failed; 4 blocks run</p>`);
});
