import { spawnSync } from 'node:child_process';
import { findProgram, pinMyself, startServer } from './processes.ts';

/** Where the relay runs, and where all else does. */
export const relayCore = 0;
const ownCore = 1;

/**
 * Makes figures of single turns comparable: this process stays on its processor, and none falls asleep
 * between two turns, which in a virtual machine costs more to wake than a turn does. What keeps them awake
 * gives way to everything else.
 */
export function stayAwake(): void {
  if (!findProgram('taskset') || spawnSync('chrt', ['-i', '0', 'true']).status !== 0) {
    console.log('no taskset and chrt (apt-get install util-linux): processors may sleep, which costs time\n');
    return;
  }
  pinMyself(ownCore);
  for (const core of [relayCore, ownCore]) {
    startServer(['chrt', '-i', '0', process.execPath, '-e', 'for (;;);'], { core });
  }
}
