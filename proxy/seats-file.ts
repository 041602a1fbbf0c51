import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';

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
});
export type SeatsFile = Readonly<z.infer<typeof seatsFile>>;

/** Only the owner may read it: who knows a secret may sit down. Throws the system's error. */
export function writeSeatsFile(
  folder: string,
  { ports, secrets }: Pick<SeatsFile, 'ports' | 'secrets'>,
  owner: 'this-process' | 'nobody' = 'this-process',
): void {
  const process = owner === 'nobody' ? { pid: 0, host: hostname() } : thisProcess();
  const content: SeatsFile = { ...process, ports, secrets };
  // Without its secrets a meeting is lost.
  writePrivately(path.join(folder, seatsFileName), content);
}

/** Whole or not at all, and only its owner can read it. Throws the system's error. */
export function writePrivately(file: string, content: object): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(content) + '\n', { mode: 0o600 });
  renameSync(temporary, file);
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
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
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
