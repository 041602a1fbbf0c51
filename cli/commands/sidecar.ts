import type { CommandModule, InferredOptionTypes } from 'yargs';
import { isLoopbackHost } from '../../wire/address.ts';
import { onInterrupt } from '../interrupt.ts';
import { UsageError } from '../failure.ts';
import { createLog, logFlags } from '../log.ts';
import { followLauncher } from '../supervised.ts';

/** Flags of whoever runs code, or starts somebody who does. */
export const sandboxFlags = {
  tier: {
    choices: ['auto', 'bubblewrap', 'deno', 'runsc'] as const,
    describe: 'How code is kept apart [default: auto, the best that passes its self-test]',
  },
  'no-policy': { type: 'boolean', describe: 'Leave out the courtesy rules; the sandbox stays' },
} as const;

const flags = {
  listen: {
    type: 'string',
    default: '127.0.0.1:17777',
    describe: 'HOST:PORT to listen on; port 0: any free one',
  },
  ...sandboxFlags,
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file; its part "execution" counts [default: config/proxy.yml]',
  },
  ...logFlags,
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const sidecarCommand: CommandModule<object, Flags> = {
  command: 'sidecar',
  describe: 'Start the process that runs code for proxies',
  builder: flags,
  handler: runSidecar,
};

/** The token of a sidecar that was started by a proxy: it is not in the arguments, which others can read. */
export const tokenVariable = 'COLLOQUY_SIDECAR_TOKEN';

async function runSidecar(argv: Flags): Promise<void> {
  const { loadExecutionConfig } = await import('../execution-config.ts');
  const { chooseTier, toLimits } = await import('../../sidecar/choose-tier.ts');
  const { InterpreterPool } = await import('../../sidecar/interpreter-pool.ts');
  const { createPolicy } = await import('../../sidecar/policy.ts');
  const { SidecarServer } = await import('../../sidecar/server.ts');
  const log = createLog('sidecar', argv);
  const config = await loadExecutionConfig(argv);
  const token = process.env[tokenVariable] || config.sidecar_token;
  // What runs code has no use for the keys of the person who started it.
  for (const name of Object.keys(process.env))
    if (/KEY|TOKEN|SECRET|PASSWORD/i.test(name)) delete process.env[name];
  const { host, port } = parseAddress(argv.listen, '--listen');
  if (token === '' && !isLoopbackHost(host)) {
    throw new UsageError(
      `whoever reaches ${host} could run code here: set execution.sidecar_token in config/proxy.yml, or ${tokenVariable}`,
    );
  }
  let close = (): Promise<void> => Promise.resolve();
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= close());
  const launcher = followLauncher({ onGoodbye: () => {}, onEnd: () => void end() });
  if (!launcher) onInterrupt({ polite: () => false, atOnce: () => void end(), terminate: () => void end() });

  const tier = await chooseTier(config, toLimits(config));
  const pool = new InterpreterPool(tier, toLimits(config));
  const server = new SidecarServer({ pool, policy: createPolicy(config), token, log });
  close = () => server.close();
  // Asked to end while the tiers were tried.
  if (ending !== undefined) return;
  const listening = await server.listen(host, port);
  launcher?.report({ type: 'sidecar', port: listening, tier: tier.name });
  if (tier.name === 'none-i-accept-the-risk') {
    log.warn(openTierWarning);
  }
  log.info(
    { port: listening },
    `running code with ${tier.name} (${await tier.describe()}), on ${host} port ${listening}`,
  );
}

export const openTierWarning =
  'there is no sandbox: code can do whatever this user can, as the settings say (execution.tier)';

/** Throws UsageError. */
export function parseAddress(text: string, flag: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new UsageError(`${flag} takes HOST:PORT, such as 127.0.0.1:17777, and not "${text}"`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
