import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { ExecutionConfig } from '../../config/schema.ts';
import type { ProbeResult } from '../../sidecar/probes.ts';
import type { Tier, TierName } from '../../sidecar/tiers/tier.ts';
import { ColloquyError } from '../../wire/errors.ts';

const tiersToShow = ['bubblewrap', 'deno', 'runsc'] as const satisfies readonly TierName[];

const flags = {
  tier: { choices: tiersToShow, describe: 'Only this one' },
  quick: { type: 'boolean', describe: 'Only the self-test of every start, without the attacks' },
  json: { type: 'boolean', describe: 'One JSON object, for programs' },
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file; its part "execution" counts [default: config/proxy.yml]',
  },
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const doctorCommand: CommandModule<object, Flags> = {
  command: 'doctor',
  describe: 'Say how code can be run here: attacks every sandbox of this machine',
  builder: flags,
  handler: runDoctor,
};

/** What was found out about one tier. */
export interface TierReport {
  readonly tier: TierName;
  /** Versions, where it can be tried. */
  readonly description?: string;
  /** Why it cannot be used, and what to install. */
  readonly problem?: string;
  readonly probes: readonly ProbeResult[];
}

async function runDoctor(argv: Flags): Promise<void> {
  const { loadExecutionConfig } = await import('../execution-config.ts');
  const { createTier, namesToTry } = await import('../../sidecar/choose-tier.ts');
  const { createDoctorPrinter } = await import('../doctor-printer.ts');
  const config = await loadExecutionConfig({ config: argv.config });
  const printer = argv.json ? undefined : createDoctorPrinter(process.stdout);
  const reports: TierReport[] = [];
  for (const name of argv.tier ? [argv.tier] : tiersToShow) {
    printer?.begin(name);
    const report = await examine(createTier(name, config), config, argv.quick ?? false, printer?.probe);
    printer?.tier(report);
    reports.push(report);
  }
  const usable = reports.filter(isSound).map(({ tier }) => tier);
  const chosen = namesToTry(config).find((name) => usable.includes(name));
  if (argv.json)
    process.stdout.write(`${JSON.stringify({ chosen: chosen ?? null, tiers: reports.map(toJson) })}\n`);
  else if (!argv.tier) printer?.end(chosen);
  const broken = reports.filter((report) => report.problem === undefined && !isSound(report));
  if (broken.length > 0) {
    const names = broken.map(({ tier }) => tier).join(' and ');
    throw new ColloquyError(`${names} did not withstand everything; do not run the code of strangers there`, {
      code: 'tier-broken',
    });
  }
  if (usable.length === 0) throw new ColloquyError('no code can be run on this machine', { code: 'no-tier' });
}

async function examine(
  tier: Tier,
  config: ExecutionConfig,
  quick: boolean,
  onResult?: (result: ProbeResult) => void,
): Promise<TierReport> {
  const { toLimits } = await import('../../sidecar/choose-tier.ts');
  const { selfTest } = await import('../../sidecar/self-test.ts');
  const lack = await tier.prepare();
  if (lack !== undefined) return { tier: tier.name, problem: lack, probes: [] };
  const description = await tier.describe();
  const problem = await selfTest(tier, toLimits(config));
  if (problem !== undefined) return { tier: tier.name, description, problem, probes: [] };
  if (quick) return { tier: tier.name, description, probes: [] };
  const { runProbes } = await import('../../sidecar/probes.ts');
  return { tier: tier.name, description, probes: await runProbes(tier, {}, onResult) };
}

function isSound({ problem, probes }: TierReport): boolean {
  return problem === undefined && probes.every(({ status }) => status === 'held' || status === 'known');
}

function toJson({ probes, ...report }: TierReport): object {
  const flat = probes.map(({ probe, ...result }) => {
    const { name, group, description } = probe;
    return { name, group, description, ...result };
  });
  return { ...report, probes: flat };
}
