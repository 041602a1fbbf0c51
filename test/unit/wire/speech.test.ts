import { describe, expect, it } from 'vitest';
import { parseSpeech } from '../../../wire/speech.ts';

describe('parseSpeech', () => {
  it.each([
    ['/bye', { text: '', control: 'bye' }],
    ['  /end \n', { text: '', control: 'end' }],
    ['It was a pleasure. /bye', { text: 'It was a pleasure.', control: 'bye' }],
    ['Farewell!\n\n/end\n', { text: 'Farewell!', control: 'end' }],
    ['/bye I must run', { text: 'I must run', control: 'bye' }],
    ['/bye: I must run', { text: 'I must run', control: 'bye' }],
    ['/help', { text: '', control: 'help' }],
    ['/stop', { text: '', control: 'stop' }],
    ['/bye So long. /end', { text: 'So long.', control: 'end' }],
    ['```\n/end\n```\nThat was it. /end', { text: '```\n/end\n```\nThat was it.', control: 'end' }],
  ])('takes the token off %j', (message, speech) => {
    expect(parseSpeech(message)).toEqual(speech);
  });

  it.each([
    'Say /end when you are done.',
    'one /bye two',
    '/byebye',
    '/ending',
    'see /tmp/end',
    'and/end',
    '(/end)',
    '`/end`',
    '/end.',
    'RUN-CODE\n```python\nprint("/end")\n/end\n```',
    'A fence that stays open:\n```sh\nls /end',
    '~~~\n```\n/stop',
    '/start',
    '/delta: x',
    '',
    '   ',
  ])('leaves %j as it is', (message) => {
    expect(parseSpeech(message)).toEqual({ text: message });
  });

  it('takes a slash at the start literally that the sender escaped', () => {
    expect(parseSpeech('/bye is a command', { literalStart: true })).toEqual({ text: '/bye is a command' });
    expect(parseSpeech('/end', { literalStart: true })).toEqual({ text: '/end' });
    expect(parseSpeech('/tmp is full /bye', { literalStart: true })).toEqual({
      text: '/tmp is full',
      control: 'bye',
    });
  });

  it('takes no longer than it should for a very long message', () => {
    const started = performance.now();
    parseSpeech(' '.repeat(500_000) + 'x');
    parseSpeech('``` '.repeat(200_000) + '/en');
    parseSpeech('- '.repeat(300_000) + '\n/end');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
