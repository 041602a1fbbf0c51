// A coding task from a program of one's own:
//   node examples/coding-task.js "Print the first ten primes." ollama:qwen2.5-coder
import { ColloquyError, runCodingTask } from 'colloquy';

const [, , task = 'Print the first ten primes.', service = 'ollama:qwen2.5-coder'] = process.argv;

try {
  const run = runCodingTask({ task, service, settings: { coding_samples: 2 } });
  for await (const event of run) {
    if (event.type === 'phase') console.log(event.phase);
    if (event.type === 'sample') console.log(`  sample ${event.sample}: ${event.score ?? '-'} of 10`);
    if (event.type === 'ran') console.log(`  ${event.trial.summary}`);
  }
  const { summary, source } = await run.result;
  console.log(summary);
  console.log(source ?? '');
} catch (error) {
  // What can go wrong with a provider, a setting or the sandbox says so in one sentence.
  if (!(error instanceof ColloquyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
