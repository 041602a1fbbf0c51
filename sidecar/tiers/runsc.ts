import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cgroupVersion, createCgroup, type Cgroup } from './cgroup.ts';
import { driverArgument, driverPath, readDriverFiles } from './driver-files.ts';
import { findProgram, versionOf } from './find-program.ts';
import { freshUser } from './fresh-user.ts';
import { makeBundle } from './runsc-bundle.ts';
import type { Launch, Limits, Tier } from './tier.ts';
import { runTrial, trialLimits, trialProgram } from './trial.ts';

/** What gVisor's own kernel and file server need beside the code: 60 MiB were seen. */
const memoryOfSandboxMiB = 192;
/** Threads of gVisor itself; its own kernel counts those of the code. */
const threadsOfSandbox = 200;

/**
 * gVisor: the system's Python on a kernel of its own that is itself a program of an unprivileged user, so
 * that hardly a call of the code reaches this machine's kernel. Opt-in, since it takes several times as
 * long to start. One container per session, rootless, with a network that has nothing but itself.
 *
 * See gVisor's documentation, "Security Model", and `runsc help run`.
 */
export function createRunscTier({ python = '/usr/bin/python3' }: { python?: string } = {}): Tier {
  let isUsable = false;
  return {
    name: 'runsc',
    languages: existsSync('/usr/bin/bash') ? ['python', 'bash'] : ['python'],
    keepsSpare: true,

    async describe() {
      const parts = [await versionOf(findRunsc()), (await versionOf(python)).toLowerCase()];
      const cgroup = cgroupVersion();
      return [...parts, cgroup === undefined ? 'no cgroup' : `cgroup ${cgroup}`].join(', ');
    },

    async prepare() {
      if (isUsable) return undefined;
      if (process.platform !== 'linux') return `gVisor needs Linux, and this is ${process.platform}`;
      if (findProgram('runsc') === undefined)
        return 'runsc is not installed: apt-get install runsc, or see gvisor.dev for a newer one';
      if (!existsSync(python)) return `there is no ${python}: apt-get install python3`;
      const trial = await runTrial(contain([python, '-I', '-B', '-c', trialProgram], trialLimits));
      if (!trial.isReady)
        return `runsc cannot make a sandbox here (${trial.complaint.split('\n').at(-1) ?? ''})`;
      isUsable = true;
      return undefined;
    },

    launch(limits) {
      return contain([python, '-I', '-B', '-X', 'utf8', driverPath, driverArgument(limits)], limits);
    },
  };
}

/** Runs a command in a container of its own, whose folder is gone when it has ended. */
function contain(command: readonly string[], limits: Limits): Launch {
  const runsc = findRunsc();
  const user = freshUser();
  const folder = makeBundle(command, limits, readDriverFiles(), user);
  const id = path.basename(folder);
  const state = path.join(folder, 'state');
  let cgroup: Cgroup | undefined;
  return {
    file: runsc,
    args: [
      ...['--root', state, '--rootless', '--network=none', '--ignore-cgroups'],
      ...['run', '--bundle', folder, id],
    ],
    env: {},
    cwd: '/',
    ...user,
    onReady: (pid) => {
      cgroup = createCgroup({
        memoryMiB: limits.memoryMiB + limits.diskMiB + memoryOfSandboxMiB,
        processes: limits.processes + threadsOfSandbox,
      });
      cgroup?.add(pid);
    },
    onEnded: () => {
      cgroup?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findRunsc(): string {
  const file = findProgram('runsc');
  if (file === undefined) throw new Error('runsc is not installed');
  return file;
}
