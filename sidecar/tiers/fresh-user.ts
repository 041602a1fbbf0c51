import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Launch } from './tier.ts';

interface Range {
  readonly first: number;
  /** Of all numbers that are not in it, the lowest above. */
  readonly end: number;
}

/**
 * What systemd's "Users, Groups, UIDs and GIDs on systemd Systems" lists as unused: above users,
 * subordinate ids and containers, below 2^31, where some programs stop counting.
 */
const unused: Range = { first: 1_879_048_192, end: 2_147_000_000 };

/**
 * Root inside a user namespace is still root to the files of the host, and to sysctls that no namespace
 * has of its own, so a session started by root gets a user of its own; nothing of the machine belongs to
 * it. Empty when not started by root: then there is nothing to drop, and no way to.
 */
export function freshUser(): Pick<Launch, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {};
  const uid = pickFrom('/proc/self/uid_map');
  const gid = pickFrom('/proc/self/gid_map');
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

/**
 * In a container, root may have some thousand ids, whose upper quarter is hardly ever in use, or no
 * other than itself: then it is in truth the user who started the container.
 */
function pickFrom(map: string): number | undefined {
  const ranges = readRanges(map);
  if (ranges.some(({ first, end }) => first <= unused.first && unused.end <= end)) return randomFrom(unused);
  const [largest] = ranges.sort((one, other) => other.end - other.first - (one.end - one.first));
  if (largest === undefined || largest.end - largest.first < 8) return undefined;
  return randomFrom({
    first: largest.end - Math.floor((largest.end - largest.first) / 4),
    end: largest.end - 1,
  });
}

/** Lines of "first id inside, first id outside, how many", user_namespaces(7). */
function readRanges(map: string): Range[] {
  const lines = readFileSync(map, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return { first, end: first + count };
  });
}

function randomFrom({ first, end }: Range): number {
  return randomInt(first, end);
}
