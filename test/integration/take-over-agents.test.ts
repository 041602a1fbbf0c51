import { describe, expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../../agents/agent.ts';
import type { ChatMessage, Provider } from '../../agents/provider.ts';
import { moderate, openControl } from '../support/moderator.ts';
import { startRelay } from '../support/relay.ts';

/** An agent that answers when the test says so, and remembers what it was asked. */
function startPatient(
  port: number,
  name: string,
): { asked: ChatMessage[][]; answer: (text: string) => void } {
  const asked: ChatMessage[][] = [];
  let answer = (text: string): void => void text;
  const provider: Provider = {
    name: 'scripted',
    model: 'test',
    async *reply({ messages, signal }) {
      asked.push([...messages]);
      const text = await new Promise<string>((resolve, reject) => {
        answer = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      yield { type: 'text', text };
      yield { type: 'end', finish: 'stop' };
    },
  };
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const agent = startAgent({
    proxy: { host: '127.0.0.1', port },
    greeting: { name, meeting: 'm', features: ['note'] },
    system: '',
    provider,
    patience: { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 },
    signal: abort.signal,
  });
  agent.finished.catch(() => {});
  return { asked, answer: (text) => answer(text) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('an agent of this project whose seat is taken over', () => {
  test('drops what it is writing, and goes on with the words of the person as its own', async () => {
    const relay = await startRelay();
    const ann = startPatient(relay.ports.a, 'Ann');
    const ben = startPatient(relay.ports.b, 'Ben');
    await until(() => ann.asked.length === 1);
    ann.answer('One.');
    await until(() => ben.asked.length === 1);
    const { client: person } = await openControl(relay.transcripts, 'm', { action: 'take', seat: 'b' });
    await person.until('One.\n');
    person.send('Said by a person.\n');
    await until(() => ann.asked.length === 2);
    ann.answer('Three.');
    await person.until('Three.\n');
    await moderate(relay, 'm', { action: 'give', seat: 'b' });
    await until(() => ben.asked.length === 2);
    expect(ben.asked[1]).toEqual([
      { role: 'user', content: 'One.' },
      { role: 'assistant', content: 'Said by a person.' },
      { role: 'user', content: 'Three.' },
    ]);
    ben.answer('Four.');
    await until(() => ann.asked.length === 3);
    expect(ann.asked[2]?.map(({ content }) => content)).toEqual([
      '/start',
      'One.',
      'Said by a person.',
      'Three.',
      'Four.',
    ]);
    const turns = relay.journal('m').filter((event) => event.type === 'turn');
    expect(turns.map(({ text }) => text)).toEqual(['One.', 'Said by a person.', 'Three.', 'Four.']);
  });

  test('has in the journal what it had written by then, and is not asked while the seat is taken', async () => {
    const relay = await startRelay();
    const ann = startPatient(relay.ports.a, 'Ann');
    const ben = startPatient(relay.ports.b, 'Ben');
    await until(() => ann.asked.length === 1);
    const { client: person } = await openControl(relay.transcripts, 'm', { action: 'take', seat: 'a' });
    await person.until('/start\n');
    ann.answer('What nobody hears.');
    await until(() =>
      relay.journal('m').some((event) => event.type === 'moderator' && event.action === 'withheld'),
    );
    person.send('The opening of a person.\n');
    await until(() => ben.asked.length === 1);
    ben.answer('Two.');
    await person.until('Two.\n');
    expect(ann.asked).toHaveLength(1);
    person.send('/leave: gives back\n');
    await person.closed();
    await until(() => ann.asked.length === 2);
    expect(ann.asked[1]?.map(({ content }) => content)).toEqual([
      '/start',
      'The opening of a person.',
      'Two.',
    ]);
    ann.answer('Three.');
    await until(() => ben.asked.length === 2);
    expect(JSON.stringify(ben.asked)).not.toContain('nobody hears');
  });
});
