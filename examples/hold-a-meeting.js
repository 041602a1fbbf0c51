// A meeting held by a program, without a key: Eliza, and somebody whom this program speaks for.
//   node examples/hold-a-meeting.js
import { ColloquyError, hold } from 'colloquy';

/** Anything that writes replies is a provider; this one has three of them. */
const clerk = {
  name: 'clerk',
  model: 'three-answers',
  async *reply({ messages }) {
    const answers = ['I dreamt of the office again.', 'My desk was on the roof.', 'It rained.'];
    const said = messages.filter(({ role }) => role === 'assistant').length;
    yield { type: 'text', text: answers[said] ?? '/bye' };
    yield { type: 'end', finish: 'stop', usage: { input: 0, output: 0, cached: 0 } };
  },
};

try {
  const meeting = hold({
    a: { service: 'eliza', seed: 1 },
    b: { persona: { text: '# Clerk Persona: Al (en)\n\nYou are a clerk.' }, provider: clerk },
    first: 'b',
    maxMessages: 20,
  });
  for await (const { number, name, text, latencyMs } of meeting) {
    console.log(`${number} ${name}: ${text} (${latencyMs} ms)`);
  }
  const { reason, turns, tokens } = await meeting.finished;
  console.log(`Ended after ${turns} turns: ${reason}, ${tokens} tokens.`);
} catch (error) {
  // What can go wrong with a persona, a setting or a provider says so in one sentence.
  if (!(error instanceof ColloquyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
