import { readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';

/** What a process holds once all is thrown away that nobody needs. */
export interface Measurement {
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly sockets: number;
}

/** A process that has loaded this file (`node --expose-gc --import`) measures itself whenever it gets SIGUSR2. */
export const measurementVariable = 'COLLOQUY_MEASUREMENT';
const file = process.env[measurementVariable];
if (file !== undefined) process.on('SIGUSR2', () => setImmediate(() => report(file)));

function report(file: string): void {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const measurement: Measurement = {
    heapBytes: heapUsed + arrayBuffers,
    residentBytes: rss,
    sockets: countSockets(),
  };
  writeFileSync(`${file}.new`, JSON.stringify(measurement));
  renameSync(`${file}.new`, file);
}

/** Those of the system, whether anybody in the process still knows of them or not. Source: proc(5). */
function countSockets(): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}
