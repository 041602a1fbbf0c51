import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createPrompt, type Prompt } from '../../../cli/prompt.ts';

function startPrompt(): { prompt: Prompt; type: (text: string) => void; end: () => void } {
  const input = new PassThrough();
  const output = new PassThrough();
  const prompt = createPrompt(input as never, output as never);
  return { prompt, type: (text) => void input.write(text), end: () => void input.end() };
}

const never = new AbortController().signal;

describe('what a person types', () => {
  it('is one message a line, empty lines passed over', async () => {
    const { prompt, type } = startPrompt();
    type('one\n\n  \ntwo\n');
    expect([await prompt.ask(never), await prompt.ask(never)]).toEqual(['one', 'two']);
  });

  it('is one message between triple quotes, and where lines end in a backslash', async () => {
    const { prompt, type } = startPrompt();
    type('"""one\n\n  two"""\n"""\nx = 1\n"""\nthree \\\nfour\n"""five"""\n');
    const messages = [1, 2, 3, 4].map(() => prompt.ask(never));
    expect(await Promise.all(messages)).toEqual(['one\n\n  two', 'x = 1', 'three \nfour', 'five']);
  });

  it('is waited for until the wait is called off', async () => {
    const { prompt, type } = startPrompt();
    const abort = new AbortController();
    const asked = prompt.ask(abort.signal);
    abort.abort(new Error('overtaken'));
    await expect(asked).rejects.toThrowError('overtaken');
    type('later\n');
    expect(await prompt.ask(never)).toBe('later');
  });

  it('ends when there is no more, after the last of it was taken', async () => {
    const { prompt, type, end } = startPrompt();
    const events: string[] = [];
    prompt.onEnd(() => events.push('end'));
    type('last words');
    end();
    await new Promise((resolve) => setImmediate(resolve));
    events.push(await prompt.ask(never));
    void prompt.ask(never);
    expect(events).toEqual(['last words', 'end']);
  });
});
