import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { toJournalError } from '../journal/journal-error.ts';
import { isAlive } from '../wire/is-alive.ts';

/** Stands beside the journal as long as the meeting goes on, for those who come back to it. */
const seatsFileName = 'seats.json';

const count = z.number().check(z.int(), z.nonnegative());
const seatsFile = z.object({
  /** Whose meeting it is; 0 when it was handed over to whoever takes it. */
  pid: count,
  /** When that process was started, where the system tells. */
  processStart: z.optional(z.string()),
  host: z.string(),
  ports: z.object({ a: count, b: count }),
  secrets: z.object({ a: z.string(), b: z.string() }),
  /** Where in a trace it began (W3C `traceparent`), if that was measured. */
  trace: z.optional(z.string()),
});
export type SeatsFile = Readonly<z.infer<typeof seatsFile>>;

/** Only the owner may read it: who knows a secret may sit down. Throws ColloquyError. */
export function writeSeatsFile(
  folder: string,
  { ports, secrets, trace }: Pick<SeatsFile, 'ports' | 'secrets' | 'trace'>,
  owner: 'this-process' | 'nobody' = 'this-process',
): void {
  const process = owner === 'nobody' ? { pid: 0, host: hostname() } : thisProcess();
  const content: SeatsFile = { ...process, ports, secrets, trace };
  // Without its secrets a meeting is lost.
  const file = path.join(folder, seatsFileName);
  try {
    writePrivately(file, content);
  } catch (error) {
    throw toJournalError(`${file} cannot be written`, error);
  }
}

/** What another machine must know of it: who holds it here is of no use there. */
export function seatsToShip({ ports, secrets, trace }: SeatsFile): string {
  return JSON.stringify({ ports, secrets, trace });
}

/** Whole or not at all, and only its owner can read it. Throws the system's error. */
export function writePrivately(file: string, content: object): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(content) + '\n', { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** This process, so that others can tell whether it still runs. */
export function thisProcess(): Pick<SeatsFile, 'pid' | 'processStart' | 'host'> {
  const { pid } = process;
  const processStart = startOf(pid);
  return { pid, ...(processStart === undefined ? {} : { processStart }), host: hostname() };
}

/** Undefined where there is none that can be read. */
export function readSeatsFile(folder: string): SeatsFile | undefined {
  try {
    return seatsFile.parse(JSON.parse(readFileSync(path.join(folder, seatsFileName), 'utf8')));
  } catch {
    return undefined;
  }
}

export function removeSeatsFile(folder: string): void {
  rmSync(path.join(folder, seatsFileName), { force: true });
}

/** Whether the process that holds the meeting still runs, as far as this machine can tell. */
export function isHeld({
  pid,
  processStart,
  host,
}: Pick<SeatsFile, 'pid' | 'processStart' | 'host'>): boolean {
  if (pid === 0) return false;
  // What runs on another machine cannot be seen from here.
  if (host !== hostname()) return true;
  if (!isAlive(pid)) return false;
  return processStart === undefined || startOf(pid) === processStart;
}

/** Tells two processes of one number apart. Source: proc(5), the 22nd field of /proc/PID/stat. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
