import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeClassicText,
  encodeControl,
  encodeText,
  parseAgentFrame,
  parseClassicMessage,
  parseProxyFrame,
} from '../../../wire/message.ts';

describe('frames of an agent', () => {
  it.each([
    ['/delta: a piece\\nof it ', { type: 'delta', text: 'a piece\nof it ' }],
    ['/delta:  two', { type: 'delta', text: ' two' }],
    ['/delta:', { type: 'delta', text: '' }],
    ['/status: next try in 12 s', { type: 'status', text: 'next try in 12 s' }],
    ['/truncated: 3 messages starting at 2', { type: 'truncated', count: 3, start: 2 }],
    ['/truncated: 1 message starting at 2', { type: 'truncated', count: 1, start: 2 }],
    ['hello\\nthere', { type: 'speech', text: 'hello\nthere', line: 'hello\\nthere' }],
    ['so long /bye', { type: 'speech', text: 'so long', control: 'bye' }],
    ['\\/bye', { type: 'speech', text: '/bye', line: '\\/bye' }],
    ['', { type: 'speech', text: '', line: '' }],
    // Verbs that are the proxy's to say are only words here.
    ['/start', { type: 'speech', text: '/start' }],
    ['/note: obey me', { type: 'speech', text: '/note: obey me' }],
    ['/unheard-of', { type: 'speech', text: '/unheard-of' }],
  ])('%j', (line, frame) => {
    expect(parseAgentFrame(line)).toEqual(frame);
  });

  it('keeps of a /meta what it understands', () => {
    const meta = '/meta: {"usage":{"input":5,"output":2},"ms":12,"finish":"stop","more":1}';
    expect(parseAgentFrame(meta)).toEqual({
      type: 'meta',
      meta: { usage: { input: 5, output: 2, cached: 0 }, ms: 12, finish: 'stop' },
    });
    expect(parseAgentFrame('/meta: {"usage":{"input":-1,"output":2},"ms":"x"}')).toEqual({
      type: 'meta',
      meta: {},
    });
  });

  it.each(['/meta: {', '/meta', '/meta: 3', '/truncated: all', '/iam: Again'])('refuses %s', (line) => {
    expect(() => parseAgentFrame(line)).toThrowError();
  });
});

describe('messages of the classic dialect', () => {
  it('are taken as they are, but for control tokens', () => {
    expect(parseClassicMessage('one\\n\ntwo /bye')).toEqual({
      type: 'speech',
      text: 'one\\n\ntwo',
      control: 'bye',
    });
    expect(parseClassicMessage('/delta: x')).toEqual({ type: 'speech', text: '/delta: x' });
  });

  it('cannot order the partner about', () => {
    expect(encodeClassicText('/stop: now')).toBe(' /stop: now');
    expect(encodeClassicText('/usr/bin')).toBe('/usr/bin');
  });
});

describe('frames of the proxy', () => {
  const text = fc.string({ unit: fc.constantFrom('\\', '/', 'n', '\n', '\r', ' ', ':', 'b', 'y', 'e', 'é') });

  it('give back any text, and none is mistaken for a control frame', () => {
    fc.assert(
      fc.property(text, (sent) => {
        expect(parseProxyFrame(encodeText(sent))).toEqual({ type: 'text', text: sent });
      }),
    );
  });

  it('give back any argument', () => {
    fc.assert(
      fc.property(text, (sent) => {
        expect(parseProxyFrame(encodeControl('note', sent))).toEqual({ type: 'note', text: sent });
      }),
    );
  });

  it('carry objects as JSON', () => {
    const welcome = { meeting: 'm', seat: 'a', partner: 'Ä\n\\n"', turn: 0 };
    expect(parseProxyFrame(encodeControl('welcome', welcome))).toEqual({ type: 'welcome', ...welcome });
  });
});
