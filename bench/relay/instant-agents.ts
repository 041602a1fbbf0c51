import { startAgent } from '../../agents/agent.ts';
import type { Provider } from '../../agents/provider.ts';
import { microsecondsBetween } from './bounce.ts';

/** Always the same words, and never a moment's thought. */
function createInstant(text: string): Provider {
  return {
    name: 'scripted',
    model: 'instant',
    async *reply() {
      yield { type: 'text', text };
      yield { type: 'end', finish: 'stop' };
    },
  };
}

/** No retries, no watchdogs: this provider always answers. */
const patience = { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 };

/** A meeting of two agents, left after so many turns. Resolves with the microseconds of each turn. */
export async function holdInstantMeeting(
  ports: { readonly a: number; readonly b: number },
  meeting: string,
  turns: number,
  text: string,
): Promise<number[]> {
  const enough = new AbortController();
  const times: number[] = [];
  const agents = (['a', 'b'] as const).map(
    (seat) =>
      startAgent({
        proxy: { host: '127.0.0.1', port: ports[seat] },
        greeting: {
          name: seat.toUpperCase(),
          meeting,
          provider: 'scripted',
          model: 'instant',
          features: ['note'],
        },
        system: '',
        provider: createInstant(text),
        patience,
        signal: enough.signal,
        observer: {
          onSaid: () => {
            times.push(performance.now());
            if (times.length > turns) enough.abort(new Error('enough'));
          },
        },
      }).finished,
  );
  const ends = await Promise.allSettled(agents);
  const failed = ends.find((end) => end.status === 'fulfilled' || !enough.signal.aborted);
  if (failed) throw new Error(`${meeting} ended early: ${JSON.stringify(failed)}`);
  return microsecondsBetween(times);
}
