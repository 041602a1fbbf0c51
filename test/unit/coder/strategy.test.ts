import { describe, expect, it } from 'vitest';
import { ignoredSettings, strategyOf } from '../../../coder/strategy.ts';
import { coderFlags, coderSettings } from '../../../cli/coder-flags.ts';
import { coderRoles } from '../../../config/coder-roles.ts';
import { coderSchema } from '../../../config/coder-schema.ts';
import { listSettings } from '../../../config/settings.ts';

const writers = (service: string, takesTemperature: boolean) =>
  Object.fromEntries(coderRoles.map((role) => [role, { service, takesTemperature }])) as never;
const ignored = (settings: object, takesTemperature = true): string =>
  ignoredSettings(coderSchema.parse(settings), writers('anthropic', takesTemperature), false).join('\n');

describe('how samples are written', () => {
  it('at rising temperatures, none above 2', () => {
    const { temperatures } = strategyOf(
      coderSchema.parse({
        coding_samples: 4,
        sampling_temperature_multiplier: 2,
        coder: { temperature: 0.5 },
      }),
    );
    expect(temperatures).toEqual([0.5, 1, 2, 2]);
    expect(strategyOf(coderSchema.parse({ sampling_strategy: 'none' })).temperatures).toEqual([0.3]);
  });
});

describe('settings without effect', () => {
  it('are said, and others are not', () => {
    expect(ignored({})).toBe('');
    expect(ignored({ sampling_strategy: 'none' })).toContain(
      'coding_samples and sampling_temperature_multiplier are without effect',
    );
    expect(ignored({ coder: { temperature: 0 } })).toContain('coder.temperature is 0');
    expect(ignored({ apply_linter: false })).toContain('sampling_strategy lint-score is without effect');
    expect(ignored({ execute_code: false })).toContain(
      'max_coding_attempts and program_seconds are without effect',
    );
    expect(ignored({ install_dependencies: false })).toContain('dependency_tracker, dependency_samples');
    expect(ignored({}, false)).toContain(
      'anthropic takes no temperature; its samples differ by chance alone',
    );
  });
});

it('has a flag for every setting, by its name', () => {
  const keys = listSettings(coderSchema).map(({ path }) => path);
  const flags = Object.fromEntries(Object.keys(coderFlags).map((flag) => [flag, 'x']));
  expect(['service', 'model', ...Object.keys(coderSettings(flags))].sort()).toEqual([...keys].sort());
});
