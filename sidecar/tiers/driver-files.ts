import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import type { Limits } from './tier.ts';

/** Where a sandbox with a Python of its own finds the driver. */
export const driverFolder = '/run/colloquy';
export const driverPath = `${driverFolder}/driver.py`;

/** The driver as bytes: the folder it lies in may be closed to the user that a sandbox runs as. */
export function readDriverFiles(): { readonly at: string; readonly content: Buffer }[] {
  return ['driver.py', 'session.py'].map((name) => ({
    at: `${driverFolder}/${name}`,
    content: readFileSync(path.join(packageRoot, 'sidecar', name)),
  }));
}

/**
 * What the driver bounds itself by, as its one argument. `ownProcesses`: all processes it sees are the
 * session's, so it may end those that outlive their block.
 */
export function driverArgument({ memoryMiB, processes, openFiles, cpuSeconds, diskMiB }: Limits): string {
  return JSON.stringify({ memoryMiB, processes, openFiles, cpuSeconds, diskMiB, ownProcesses: true });
}
