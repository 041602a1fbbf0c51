import { endTelemetry, startTelemetry } from '../telemetry/telemetry.ts';
import { createLog, type LogFlags } from './log.ts';
import { readVersion } from './version.ts';

/** Does `work`, measured where the environment asks for it, and sends what was measured when it is over. */
export async function withTelemetry<T>(
  service: string,
  work: () => Promise<T>,
  flags?: LogFlags,
): Promise<T> {
  const finish = await beginTelemetry(service, flags);
  try {
    return await work();
  } finally {
    await finish();
  }
}

/**
 * The same for a program that ends elsewhere. With `flags`, problems go to the log; without, they are told at the
 * end: what is shown on the terminal until then is not for them.
 */
export async function beginTelemetry(service: string, flags?: LogFlags): Promise<() => Promise<void>> {
  let problem: string | undefined;
  const log = (sentence: string): void => createLog(service, flags ?? {}).warn(sentence);
  await startTelemetry({
    service,
    version: readVersion(),
    onProblem: flags ? log : (sentence) => (problem = sentence),
  });
  return async () => {
    const isSent = await endTelemetry();
    if (problem !== undefined) process.stderr.write(`colloquy: ${problem}\n`);
    // A connection that waits for an answer would hold the program up; whoever ends it says first how it went.
    if (!isSent) setTimeout(() => process.exit(), exitGraceMs);
  };
}

const exitGraceMs = 50;
