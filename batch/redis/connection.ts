import { Redis } from 'ioredis';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import { withoutPassword } from './without-password.ts';

/** How long a Redis may take to answer at all, when the program is started. */
const connectMs = 5_000;

/**
 * A connection that waits for as long as Redis is away, once it was there. Rejects with ColloquyError
 * `no-redis` where it is not.
 */
export async function connectRedis(
  url: string,
  onTrouble: (sentence: string) => void = () => {},
): Promise<Redis> {
  const shown = withoutPassword(url);
  if (!/^rediss?:\/\//.test(url)) {
    throw new ColloquyError(`--redis ${shown}: must begin with redis:// or rediss://`, { code: 'no-redis' });
  }
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, connectTimeout: connectMs });
  let problem = '';
  let wasThere = false;
  redis.on('error', (error: Error) => {
    // The same again and again, as long as it is away.
    const found = messageOf(error) || 'no answer';
    if (found === problem) return;
    // What comes first is the cause; that the connection is closed then is none.
    if (wasThere || problem === '') problem = found;
    if (wasThere) onTrouble(`Redis at ${shown} cannot be reached: ${found}`);
  });
  redis.on('ready', () => (problem = ''));
  const tooLate = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${connectMs / 1_000} s`)), connectMs).unref();
  });
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), tooLate]);
  } catch (error) {
    redis.disconnect();
    throw new ColloquyError(`Redis at ${shown} cannot be used: ${remedyOf(problem || messageOf(error))}`, {
      code: 'no-redis',
      cause: error,
    });
  }
  wasThere = true;
  return redis;
}

/** What is wrong, and what to do. */
function remedyOf(problem: string): string {
  if (problem.startsWith('NOAUTH')) return 'it wants a password: --redis redis://:PASSWORD@HOST:PORT';
  if (problem.startsWith('WRONGPASS')) return 'it does not take this name and password; mend them in --redis';
  if (/RESP type/.test(problem)) return 'what answers there is no Redis; name another port with --redis';
  return `${problem}; start one (redis-server), or name another with --redis`;
}
