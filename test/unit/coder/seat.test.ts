import { expect, it } from 'vitest';
import { createCoderSeat } from '../../../coder/seat.ts';

it.each([
  ['/start', 'What program do you need?'],
  ['/bye', 'Goodbye.'],
])('starts no task over %s', async (content, answer) => {
  const seat = createCoderSeat({
    name: 'scripted',
    model: 'm',
    start: () => {
      throw new Error('a task was started');
    },
  });
  let said = '';
  const { signal } = new AbortController();
  for await (const piece of seat.reply({ system: '', messages: [{ role: 'user', content }], signal })) {
    if (piece.type === 'text') said += piece.text;
  }
  expect(said).toContain(answer);
});
