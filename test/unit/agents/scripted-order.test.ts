import { expect, it } from 'vitest';
import type { Provider } from '../../../agents/provider.ts';
import { createScripted, inOrderOfAsking } from '../../../agents/providers/scripted.ts';

async function ask(provider: Provider, content: string): Promise<string> {
  const { signal } = new AbortController();
  let text = '';
  for await (const piece of provider.reply({ system: '', messages: [{ role: 'user', content }], signal })) {
    if (piece.type === 'text') text += piece.text;
  }
  return text;
}

it('a script that is asked outside of a conversation gives one reply after the other, from where it was', async () => {
  const replies = { replies: ['one', 'two', 'three'] };
  const fresh = inOrderOfAsking(createScripted(replies), 0);
  expect([await ask(fresh, 'x'), await ask(fresh, 'x')]).toEqual(['one', 'two']);
  const resumed = inOrderOfAsking(createScripted(replies), 1);
  expect([await ask(resumed, 'x'), await ask(resumed, 'y')]).toEqual(['two', 'three']);
});

it('a question that failed is the same question when it is asked again', async () => {
  const error = { message: 'busy', status: 503, times: 1 };
  const script = inOrderOfAsking(createScripted({ replies: ['one', { text: 'two', error }] }), 0);
  expect(await ask(script, 'x')).toBe('one');
  await expect(ask(script, 'x')).rejects.toThrow('busy');
  expect(await ask(script, 'x')).toBe('two');
});
