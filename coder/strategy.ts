import { coderRoles, type CoderRole } from '../config/coder-roles.ts';
import type { CoderConfig } from '../config/coder-schema.ts';
import type { Writer } from './ask.ts';

/** No service takes more. */
const highestTemperature = 2;

/** How many programs an attempt writes, and how they are chosen from: what the settings come to together. */
export interface Strategy {
  readonly type: 'lint-score' | 'first-passing' | 'none';
  /** The temperature of each sample, rising. */
  readonly temperatures: readonly number[];
}

export function strategyOf(config: CoderConfig): Strategy {
  const type = effectiveType(config);
  const { coding_samples: count, sampling_temperature_multiplier: multiplier, coder } = config;
  const samples = type === 'none' ? 1 : count;
  return {
    type,
    temperatures: Array.from({ length: samples }, (_, index) =>
      Math.min(highestTemperature, round(coder.temperature * multiplier ** index)),
    ),
  };
}

/** What of the settings has no effect as they stand, a sentence each. */
export function ignoredSettings(
  config: CoderConfig,
  writers: Readonly<Record<CoderRole, Pick<Writer, 'service' | 'takesTemperature'>>>,
  hasTests: boolean,
): readonly string[] {
  const { type } = strategyOf(config);
  const notes: string[] = [];
  const ignored = (keys: string, why: string): void => void notes.push(`${keys} without effect: ${why}`);
  if (config.sampling_strategy !== type) {
    ignored(
      `sampling_strategy ${config.sampling_strategy} is`,
      config.apply_linter
        ? 'nothing is run, so nothing can pass; the samples are chosen by the linter'
        : config.execute_code
          ? 'apply_linter is false, so that nothing is scored; one program is written'
          : 'nothing is run and nothing is scored; one program is written',
    );
  }
  if (type === 'none' && (config.coding_samples > 1 || config.sampling_temperature_multiplier > 1)) {
    ignored('coding_samples and sampling_temperature_multiplier are', 'one program is written in an attempt');
  } else if (config.coding_samples === 1 && config.sampling_temperature_multiplier > 1) {
    ignored('sampling_temperature_multiplier is', 'one program is written in an attempt');
  } else if (type !== 'none' && config.coder.temperature === 0 && config.coding_samples > 1) {
    ignored(
      'sampling_temperature_multiplier is',
      'coder.temperature is 0, and so is whatever it is multiplied with',
    );
  }
  if (!config.apply_linter) ignored('linter is', 'apply_linter is false');
  if (!config.execute_code) {
    const tests = hasTests ? ', and the tests are not run' : '';
    ignored(
      'max_coding_attempts and program_seconds are',
      `execute_code is false: the program is written once${tests}`,
    );
    if (config.install_dependencies) {
      ignored('dependency_install_attempts is', 'execute_code is false: packages are named, not installed');
    }
  }
  if (!config.install_dependencies) {
    ignored(
      'dependency_tracker, dependency_samples, dependency_install_attempts and check_package_index are',
      'install_dependencies is false',
    );
  }
  for (const [service, roles] of withoutTemperature(config, writers)) {
    const rise = roles.includes('coder') && strategyOf(config).temperatures.length > 1;
    ignored(
      `${listed(roles.map((role) => `${role}.temperature`))} ${roles.length > 1 ? 'are' : 'is'}`,
      `${service} takes no temperature${rise ? '; its samples differ by chance alone' : ''}`,
    );
  }
  return notes;
}

/** Those that may be asked something, as the settings are. */
export function rolesOf(config: CoderConfig): readonly CoderRole[] {
  return coderRoles.filter(
    (role) =>
      (role !== 'linter' || config.apply_linter) &&
      (role !== 'dependency_tracker' || config.install_dependencies),
  );
}

function effectiveType({
  sampling_strategy: wanted,
  apply_linter,
  execute_code,
}: CoderConfig): Strategy['type'] {
  if (wanted === 'lint-score' && !apply_linter) return 'none';
  if (wanted === 'first-passing' && !execute_code) return apply_linter ? 'lint-score' : 'none';
  return wanted;
}

function withoutTemperature(
  config: CoderConfig,
  writers: Readonly<Record<CoderRole, Pick<Writer, 'service' | 'takesTemperature'>>>,
): ReadonlyMap<string, CoderRole[]> {
  const services = new Map<string, CoderRole[]>();
  const asked = rolesOf(config);
  for (const [role, { service, takesTemperature }] of Object.entries(writers) as [CoderRole, Writer][]) {
    if (takesTemperature || !asked.includes(role)) continue;
    services.set(service, [...(services.get(service) ?? []), role]);
  }
  return services;
}

function listed(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : words.join('');
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
