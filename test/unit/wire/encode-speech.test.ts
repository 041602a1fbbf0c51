import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSpeech } from '../../../wire/encode-speech.ts';
import { encodeText, parseAgentFrame } from '../../../wire/message.ts';

describe('what was said', () => {
  it.each(['Farewell. /bye', '/end', '/bye ```\nopen', 'a\n/stop', '/help what /now', '\\n', ''])(
    'can be said again: %j',
    (message) => {
      const frame = parseAgentFrame(message === '/bye ```\nopen' ? '/bye ```\\nopen' : rawLine(message));
      if (frame.type !== 'speech') throw new Error('no speech');
      const { text, control } = frame;
      const line = encodeSpeech({ text, ...(control ? { control } : {}) });
      expect(parseAgentFrame(line ?? '/status: none')).toMatchObject({ type: 'speech', text });
    },
  );

  it('reads as it was, whatever it was', () => {
    const word = fc.constantFrom(
      '/bye',
      '/end',
      '/stop',
      '/help',
      'word',
      '```',
      '\n',
      ' ',
      '\\',
      '\r',
      '\\/',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const frame = parseAgentFrame(rawLine(words.join('')));
        fc.pre(frame.type === 'speech');
        if (frame.type !== 'speech') return;
        const { text, control } = frame;
        const line = encodeSpeech({ text, ...(control ? { control } : {}) });
        expect(line).toBeDefined();
        const again = parseAgentFrame(line ?? '');
        expect(again).toMatchObject({ text, ...(control ? { control } : {}) });
      }),
      { numRuns: 10_000 },
    );
  });

  it('is refused where no frame means it', () => {
    expect(encodeSpeech({ text: 'Not recorded like this. /bye' })).toBeUndefined();
  });
});

/** As an agent sends it that lets control words act wherever they may. */
function rawLine(message: string): string {
  return message.startsWith('/') ? encodeText(message).slice(1) : encodeText(message);
}
