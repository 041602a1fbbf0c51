import { expect, test } from 'vitest';
import { Inbox } from '../../../agents/inbox.ts';
import type { ProxyFrame } from '../../../wire/message.ts';

const welcome: ProxyFrame = { type: 'welcome', meeting: 'm', seat: 'a', partner: 'Bea', turn: 0 };
const history: ProxyFrame = { type: 'history', entries: [] };
const text: ProxyFrame = { type: 'text', text: 'Hello.' };
const seq = (number: number): ProxyFrame => ({ type: 'seq', seq: number });

test('what was said so far is taken once where a connection begins, however often the line comes', () => {
  const inbox = new Inbox();
  const taken = [welcome, welcome, history, history, seq(7), text, history, welcome, history].map((frame) =>
    inbox.isNews(frame),
  );
  expect(taken).toEqual([true, true, true, false, false, true, false, true, false]);
});

test('by another connection it replaces what was heard, and all behind it is told anew', () => {
  const inbox = new Inbox();
  for (const frame of [welcome, seq(7), text]) inbox.isNews(frame);
  inbox.reconnect();
  expect([welcome, history, seq(7), text].map((frame) => inbox.isNews(frame))).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

test('behind a number of its own it is taken in the middle of a meeting', () => {
  const inbox = new Inbox();
  for (const frame of [welcome, seq(7), text]) inbox.isNews(frame);
  expect([seq(9), history].map((frame) => inbox.isNews(frame))).toEqual([false, true]);
});
