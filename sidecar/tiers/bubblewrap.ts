import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { bubblewrapArguments, type BubblewrapHost } from './bubblewrap-arguments.ts';
import { explainBubblewrapFailure } from './bubblewrap-failure.ts';
import { cgroupVersion, createCgroup, type Cgroup } from './cgroup.ts';
import { driverArgument, driverPath, readDriverFiles } from './driver-files.ts';
import { findProgram, versionOf } from './find-program.ts';
import { freshUser } from './fresh-user.ts';
import { buildSeccompFilter } from './seccomp.ts';
import type { Additions, Launch, Limits, Tier } from './tier.ts';
import { runTrial, trialLimits, trialProgram } from './trial.ts';

/** bwrap's two of its own beside the driver's processes. */
const processesOfBubblewrap = 2;

/**
 * Runs the driver as the main program, after closing what came along from whoever started us: Node hands
 * on every descriptor it has inherited itself, such as a pipe of a shell or a socket of a service manager.
 */
const driverStart = `import os
for name in os.listdir("/proc/self/fd"):
    if int(name) > 2:
        try:
            os.close(int(name))
        except OSError:
            pass
__file__ = "${driverPath}"
with open(__file__, "rb") as file:
    name = compile(file.read(), __file__, "exec")
exec(name)
`;

/**
 * The system's own Python and Bash behind bubblewrap: namespaces of every kind, no capabilities, a
 * seccomp filter, a user of its own, and nothing to write to but three sized tmpfs. The wall is built
 * in `bubblewrapArguments`; limits of single processes are set by the driver before it takes requests.
 *
 * See bwrap(1), user_namespaces(7), and what bubblewrap's README says under "Sandboxing" and
 * "Limitations".
 */
export function createBubblewrapTier({ python = '/usr/bin/python3' }: { python?: string } = {}): Tier {
  let host: BubblewrapHost | undefined;
  let isUsable = false;
  const findHost = (): BubblewrapHost => (host ??= inspectHost());

  return {
    name: 'bubblewrap',
    languages: existsSync('/usr/bin/bash') || existsSync('/bin/bash') ? ['python', 'bash'] : ['python'],
    // The sandbox takes 3 ms, Python with what the driver imports about 50: a block is run in 1.
    keepsSpare: true,

    async describe() {
      const parts = [await versionOf(findHost().file), (await versionOf(python)).toLowerCase()];
      const cgroup = cgroupVersion();
      return [...parts, cgroup === undefined ? 'no cgroup' : `cgroup ${cgroup}`].join(', ');
    },

    async prepare() {
      if (isUsable) return undefined;
      const lack = findLack(python);
      if (lack !== undefined) return lack;
      const command = [python, '-I', '-B', '-c', trialProgram];
      const trial = await runTrial(wrap(findHost(), command, trialLimits));
      if (!trial.isReady) return explainBubblewrapFailure(trial.complaint, python);
      isUsable = true;
      return undefined;
    },

    launch(limits, additions = {}) {
      const files = [...readDriverFiles(), ...(additions.files ?? [])];
      const command = [python, '-I', '-B', '-X', 'utf8', '-c', driverStart, driverArgument(limits)];
      return { ...wrap(findHost(), command, limits, { ...additions, files }), ...boundTogether(limits) };
    },
  };
}

/** Runs a command in the sandbox; what is added is put where it says, read-only. */
function wrap(
  host: BubblewrapHost,
  command: readonly string[],
  limits: Limits,
  additions: Additions = {},
): Launch {
  const filter = buildSeccompFilter(process.arch === 'arm64' ? 'arm64' : 'x64');
  const { args, descriptors } = bubblewrapArguments(host, limits, additions, filter);
  return {
    file: host.file,
    args: [...args, '--', ...command],
    env: {},
    cwd: '/',
    ...freshUser(),
    descriptors,
  };
}

/** Bounds what all processes of a session hold together, where a cgroup can be had. */
function boundTogether({ memoryMiB, diskMiB, processes }: Limits): Pick<Launch, 'onReady' | 'onEnded'> {
  let cgroup: Cgroup | undefined;
  return {
    onReady: (pid) => {
      // What lies in a tmpfs is memory of the group too.
      cgroup = createCgroup({ memoryMiB: memoryMiB + diskMiB, processes: processes + processesOfBubblewrap });
      cgroup?.add(pid);
    },
    onEnded: () => cgroup?.remove(),
  };
}

function findLack(python: string): string | undefined {
  if (process.platform !== 'linux') return `bubblewrap needs Linux, and this is ${process.platform}`;
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `no seccomp filter is written for ${process.arch}; the bubblewrap tier knows x64 and arm64`;
  const hasPython = existsSync(python);
  if (findProgram('bwrap') === undefined) {
    const others = hasPython ? '' : ' python3';
    return `bubblewrap${others && ' and'}${others} not found: apt-get install bubblewrap${others}`;
  }
  if (!hasPython)
    return `there is no ${python}: apt-get install python3, or name another in execution.python`;
  if (!inspectHost().isRecent)
    return 'this bubblewrap knows no --size, so nothing would bound its tmpfs: install 0.8 or newer';
  return undefined;
}

/** What the wall depends on. Throws when bwrap is missing, which `prepare` tells of before. */
function inspectHost(): BubblewrapHost {
  const file = findProgram('bwrap');
  if (file === undefined) throw new Error('bwrap is not installed: apt-get install bubblewrap');
  const help = execFileSync(file, ['--help'], { encoding: 'utf8', timeout: 10_000 });
  return {
    file,
    isRecent: help.includes('--size ') && help.includes('--clearenv'),
    canDisableUserNamespaces: help.includes('--disable-userns'),
  };
}
