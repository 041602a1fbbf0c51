import { readFileSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { packageRoot } from '../../config/paths.ts';
import type { ExecutionConfig } from '../../config/schema.ts';
import { messageOf } from '../../wire/errors.ts';
import { Interpreter, type RunOutcome } from '../interpreter.ts';
import type { Limits, Tier } from '../tiers/tier.ts';
import {
  readCertificates,
  type Environment,
  type EnvironmentOrder,
  type Environments,
} from './environments.ts';
import { createIndexHosts } from './index-hosts.ts';
import { openIndexProxy, type IndexProxy } from './index-proxy.ts';
import { lookUp } from './package-index.ts';
import type { InstallOptions } from './project.ts';
import { packageOf } from './requirements.ts';

/** Where packages lie for the programs that use them. */
export const packagesPlace = '/packages';

/** What sidecar/project/install.py leaves with where there is no pip. */
const noPip = 90;
/** Building a package from its source takes more than running a block. */
const leastMemoryMiB = 1_024;

const inside = {
  workspace: '/workspace',
  script: '/run/colloquy/install.py',
  socket: '/run/colloquy/index',
  certificates: '/run/colloquy/certificates.pem',
};

export interface Installation extends InstallOptions {
  readonly tier: Tier;
  readonly limits: Limits;
  readonly config: ExecutionConfig;
  readonly environments: Environments;
  readonly order: EnvironmentOrder;
  /** Told of what it starts, to end it when the project is closed. */
  readonly track: (interpreter: Interpreter) => void;
}

export type Installed =
  | { readonly type: 'installed'; readonly environment: Environment; readonly output: string }
  | {
      readonly type: 'failed';
      readonly why: string;
      readonly unknown: readonly string[];
      readonly output: string;
    }
  | { readonly type: 'unavailable'; readonly why: string };

/**
 * Runs pip in a sandbox of its own, whose network is empty but for a socket to a proxy in this process that knows the
 * hosts of the index alone, and takes what it has installed out of there. Rejects with the signal's reason.
 */
export async function installInSandbox(work: Installation): Promise<Installed> {
  const { tier, config, signal, order } = work;
  signal.throwIfAborted();
  const limits = limitsOf(work);
  const proxy = await openIndexProxy(createIndexHosts(config), limits.diskMiB * 1024 * 1024);
  let interpreter: Interpreter | undefined;
  const end = (): void => void interpreter?.close();
  signal.addEventListener('abort', end);
  try {
    interpreter = await Interpreter.start({ name: tier.name, launch: launchWith(tier, proxy) }, limits);
    work.track(interpreter);
    signal.throwIfAborted();
    const decoder = new StringDecoder('utf8');
    const ran = await interpreter.runProgram({
      args: ['-I', '-B', '-u', inside.script, JSON.stringify(orderInside(order))],
      seconds: limits.seconds,
      ...(work.onOutput ? { onOutput: (chunk) => work.onOutput?.(decoder.write(chunk)) } : {}),
    });
    ran.spool?.remove();
    const pack = ran.files.find((file) => file.path === 'packages.pack');
    if (ran.exit !== 0 || !pack) return await describeFailure(ran, proxy, work);
    const environment = await work.environments.make(order, interpreter.get(pack.path, pack.bytes));
    return { type: 'installed', environment, output: ran.output };
  } catch (error) {
    signal.throwIfAborted();
    return { type: 'failed', why: messageOf(error), unknown: [], output: '' };
  } finally {
    signal.removeEventListener('abort', end);
    await interpreter?.close();
    proxy.close();
  }
}

function limitsOf({ limits, config }: Installation): Limits {
  return {
    ...limits,
    seconds: config.install_seconds,
    cpuSeconds: Math.max(limits.cpuSeconds, Math.ceil(config.install_seconds)),
    memoryMiB: Math.max(limits.memoryMiB, leastMemoryMiB),
    diskMiB: config.install_mb,
  };
}

function launchWith(tier: Tier, proxy: IndexProxy): Tier['launch'] {
  const certificates = readCertificates();
  const script = readFileSync(path.join(packageRoot, 'sidecar', 'project', 'install.py'));
  return (limits) => {
    const launch = tier.launch(limits, {
      places: [{ from: proxy.socket, at: inside.socket }],
      files: [
        { at: inside.script, content: script },
        { at: inside.certificates, content: certificates ?? Buffer.alloc(0) },
      ],
    });
    if (launch.uid !== undefined) proxy.giveTo(launch.uid);
    return launch;
  };
}

function orderInside({ requirements, index }: EnvironmentOrder): object {
  const { workspace, socket } = inside;
  const certificates = readCertificates() === undefined ? undefined : inside.certificates;
  return { requirements, index, workspace, socket, certificates, place: packagesPlace };
}

async function describeFailure(ran: RunOutcome, proxy: IndexProxy, work: Installation): Promise<Installed> {
  const { order, signal, config } = work;
  signal.throwIfAborted();
  if (ran.exit === noPip)
    return { type: 'unavailable', why: `${config.python} has no pip: apt-get install python3-pip` };
  if (!proxy.reached && proxy.failure !== undefined)
    return {
      type: 'unavailable',
      why: `the package index ${order.index} cannot be reached: ${proxy.failure}`,
    };
  const refused = proxy.refused.slice(0, 5).join(', ');
  const output = refused === '' ? ran.output : `${ran.output}\n[not let through to: ${refused}]\n`;
  const failed = (why: string, unknown: readonly string[] = []): Installed => ({
    type: 'failed',
    why,
    unknown,
    output,
  });
  if (ran.outcome === 'timeout' || ran.outcome === 'lost')
    return failed(
      `the installation ${ran.detail?.replace(/^session lost, variables gone: /, '') ?? 'ended'}`,
    );
  if (!/No matching distribution found/.test(ran.output)) return failed(describeError(ran));
  // pip stops at the first of them.
  const names = [...new Set(order.requirements.map(packageOf))];
  const asked = await lookUp(names, { index: order.index, signal });
  const unknown = asked.type === 'found' ? asked.unknown : [];
  return unknown.length === 0
    ? failed(describeError(ran))
    : failed(`the package index has no ${unknown.join(', ')}`, unknown);
}

/** What pip names as the error, the last one first: those before it are about attempts. */
function describeError({ output, exit }: RunOutcome): string {
  const lines = output.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /^error: (?!subprocess-exited)/i.test(line));
  const said = (errors.at(-1) ?? lines.findLast((line) => line.startsWith('×')))?.replace(
    /^(?:error:|×) /i,
    '',
  );
  return said ? `pip: ${said.slice(0, 500)}` : `pip left with exit code ${exit ?? '?'}`;
}
