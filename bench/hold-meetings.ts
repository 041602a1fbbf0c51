import { startAgent } from '../agents/agent.ts';
import type { Provider } from '../agents/provider.ts';
import { createEliza } from '../agents/providers/eliza.ts';
import { createParry } from '../agents/providers/parry.ts';
import { seededRandom } from '../agents/random.ts';
import { Relay } from '../proxy/relay.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';

export interface HeldMeetings {
  readonly stopped: readonly Extract<ViewerEvent, { type: 'stopped' }>[];
  readonly milliseconds: number;
}

/** No retries, no watchdogs: these two always answer. */
const patience = { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 };

/**
 * Holds `count` meetings of the built-in speakers at once: one relay and all agents in this process, over
 * real sockets. Each agent says its meeting's number in its name.
 */
export async function holdMeetings(count: number, turns: number, transcripts: string): Promise<HeldMeetings> {
  const stopped: Extract<ViewerEvent, { type: 'stopped' }>[] = [];
  const relay = new Relay(
    {
      host: '127.0.0.1',
      ports: { a: 0, b: 0 },
      freePorts: true,
      hello: '/start',
      first: 'random',
      maxMessages: turns,
      maxSeconds: 0,
      maxFrameBytes: 1_048_576,
      classicIdleMs: 250,
      greetingMs: 10_000,
      goodbyeMs: 10_000,
      drainMs: 60_000,
      token: '',
      rate: { messagesPerMinute: 0, charactersPerMinute: 0, providers: {} },
      transcripts,
      resume: 'none',
      resumeMs: 0,
      journal: {},
    },
    {
      software: 'bench',
      log: { info: () => {}, warn: (_data, message) => process.stderr.write(message + '\n') },
      watch: (event) => {
        if (event.type === 'stopped') stopped.push(event);
      },
    },
  );
  const ports = await relay.listen();
  const started = performance.now();
  const sit = (name: string, meeting: string, port: number, provider: Provider): Promise<string> =>
    startAgent({
      proxy: { host: '127.0.0.1', port },
      greeting: { name, meeting, provider: provider.name, model: provider.model, features: ['note'] },
      system: '',
      provider,
      patience,
      signal: new AbortController().signal,
    }).finished;
  await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const eliza = createEliza({ random: seededRandom(index) });
      const parry = createParry({ random: seededRandom(index) });
      return [
        sit(`Eliza ${index}`, `meeting-${index}`, ports.a, eliza),
        sit(`Parry ${index}`, `meeting-${index}`, ports.b, parry),
      ];
    }).flat(),
  );
  await relay.finish();
  const milliseconds = performance.now() - started;
  await relay.close();
  return { stopped, milliseconds };
}
