import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { isAlive } from '../wire/is-alive.ts';

/** Says in its name who runs: `.running-HOST-PID-BIRTH-RANDOM`. It is empty, so that it is never half a file. */
const claimPattern = /^\.running-(?<host>.+)-(?<pid>\d+)-(?<birth>\d+)-[0-9a-f]{8}$/;

/** Two who come at the very same moment both step back, and try again. */
const mostTries = 4;

/**
 * Keeps a run's folder for this process; what is returned gives it back. Whoever was killed holds nothing. Rejects with
 * ColloquyError `run-taken` where another process is at work in it, `run-failed` where nothing can be written.
 */
export async function lockRun(folder: string): Promise<() => void> {
  for (let tries = 1; ; tries++) {
    const claim = writeClaim(folder);
    const other = othersIn(folder, claim)[0];
    if (other === undefined) return () => rmSync(path.join(folder, claim), { force: true });
    rmSync(path.join(folder, claim), { force: true });
    if (tries === mostTries) {
      const where = other.isHere ? `process ${other.pid}` : `process ${other.pid} on ${other.host}`;
      throw new ColloquyError(
        `${folder} is being run by ${where}; wait until it has ended, or end it. If it has, delete ${path.join(folder, other.name)}`,
        { code: 'run-taken' },
      );
    }
    await sleep(10 + Math.random() * 40 * tries);
  }
}

/** Whether a process of this or another machine is at work in it. */
export function isRunning(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => isLive(name));
  } catch {
    return false;
  }
}

interface Claim {
  readonly name: string;
  readonly pid: number;
  readonly host: string;
  readonly isHere: boolean;
}

function writeClaim(folder: string): string {
  const { pid } = process;
  const name = `.running-${safeHost}-${pid}-${birthOf(pid) ?? 0}-${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(path.join(folder, name), '', { flag: 'wx' });
  } catch (error) {
    throw new ColloquyError(`nothing can be written into ${folder}: ${messageOf(error)}`, {
      code: 'run-failed',
      cause: error,
    });
  }
  return name;
}

/** Those of the dead are cleared away. */
function othersIn(folder: string, own: string): Claim[] {
  const names = readdirSync(folder).filter((name) => claimPattern.test(name) && name !== own);
  return names.flatMap((name) => {
    if (!isLive(name)) {
      rmSync(path.join(folder, name), { force: true });
      return [];
    }
    const { host = '', pid } = claimPattern.exec(name)?.groups ?? {};
    return [{ name, pid: Number(pid), host, isHere: host === safeHost }];
  });
}

function isLive(name: string): boolean {
  const { host, pid, birth } = claimPattern.exec(name)?.groups ?? {};
  if (host === undefined) return false;
  // Nobody can tell from here.
  if (host !== safeHost) return true;
  return isAlive(Number(pid)) && (birth === '0' || (birthOf(Number(pid)) ?? birth) === birth);
}

/** When a process began, where the system tells: another one may have its number by now. Source: proc(5), field 22. */
function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Dead, and not buried yet.
    return fields[0] === 'Z' ? 'dead' : fields[19];
  } catch {
    return undefined;
  }
}

const safeHost = hostname().replace(/[^\w.]/g, '_') || 'here';
