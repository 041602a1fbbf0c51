import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import type { Entry } from '../../../../journal/conversation.ts';
import type { MeetingEvent } from '../../../../journal/event.ts';
import { htmlEntry, htmlFooter, htmlHeader } from '../../../../journal/render/html.ts';
import { meetingEvent, outlineOf, stamp, turnEvent } from '../../../support/journal.ts';
import { hostileTexts } from './hostile.ts';

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
