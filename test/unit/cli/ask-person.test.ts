import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createPerson, type Person } from '../../../cli/ask-person.ts';

const never = new AbortController().signal;

function start(): { person: Person; input: PassThrough; shown: () => string } {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { person: createPerson(input as never, output as never), input, shown: () => text };
}

test('an empty line is an answer, and two who ask at once are answered one after the other', async () => {
  const { person, input, shown } = start();
  const answers = [person.ask('One?', never), person.ask('Two?', never)];
  void answers[0]?.then(() => {
    expect(shown()).not.toContain('Two?');
    input.write('second\n');
  });
  await new Promise(setImmediate);
  input.write('\n');
  expect(await Promise.all(answers)).toEqual(['', 'second']);
  person.close();
});

test('what a model wrote moves no cursor in a question', async () => {
  const { person, input, shown } = start();
  const answer = person.ask('\u001b[2JYour password?', never);
  await new Promise(setImmediate);
  input.write('no\n');
  expect(await answer).toBe('no');
  expect(shown()).toContain('␛[2JYour password?');
});

test('whoever leaves is asked nothing more, and a run that ends asks nobody', async () => {
  const { person, input } = start();
  const abort = new AbortController();
  const asked = person.ask('One?', abort.signal);
  await new Promise(setImmediate);
  abort.abort(new Error('over'));
  await expect(asked).rejects.toThrow('over');
  const last = person.ask('Two?', never);
  input.end();
  expect(await last).toBeUndefined();
  expect(await person.ask('Three?', never)).toBeUndefined();
});
