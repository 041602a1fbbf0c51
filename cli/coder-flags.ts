import { coderRoles, coderServices, samplingStrategies } from '../config/coder-roles.ts';

/** A flag for every key of config/coder.yml; what they default to stands there. */
export const coderFlags = {
  'execute-code': { type: 'boolean', describe: 'Run the program; =false: it is only written' },
  'install-dependencies': {
    type: 'boolean',
    describe: 'Have packages named and installed; =false: the standard library must do',
  },
  'apply-linter': { type: 'boolean', describe: 'Lint and score what is written' },
  'check-package-index': { type: 'boolean', describe: 'Ask the package index before installing' },
  'coding-samples': { type: 'number', describe: 'Programs written in an attempt' },
  'sampling-strategy': {
    choices: samplingStrategies,
    describe: 'Run the best by the linter first, each as it is written, or write one',
  },
  'sampling-temperature-multiplier': {
    type: 'number',
    describe: 'Each sample at the temperature of the one before times this',
  },
  'dependency-samples': { type: 'number', describe: 'How often packages are asked for' },
  'max-coding-attempts': { type: 'number', describe: 'How often code is written' },
  'dependency-install-attempts': { type: 'number', describe: 'How often an installation is tried' },
  'program-seconds': { type: 'number', describe: 'How long the program may run, and its tests' },
  'planner-service': { choices: coderServices, describe: 'Who plans' },
  'planner-model': { type: 'string', describe: 'Its model' },
  'planner-temperature': { type: 'number', describe: 'Its temperature' },
  'coder-service': { choices: coderServices, describe: 'Who codes' },
  'coder-model': { type: 'string', describe: 'Its model' },
  'coder-temperature': { type: 'number', describe: 'Its temperature, of the first sample' },
  'linter-service': { choices: coderServices, describe: 'Who mends what the linter found' },
  'linter-model': { type: 'string', describe: 'Its model' },
  'linter-temperature': { type: 'number', describe: 'Its temperature' },
  'dependency-tracker-service': { choices: coderServices, describe: 'Who names packages' },
  'dependency-tracker-model': { type: 'string', describe: 'Its model' },
  'dependency-tracker-temperature': { type: 'number', describe: 'Its temperature' },
} as const;

/** The same by key, as settings are loaded; `coder-temperature` is `coder.temperature`. */
export function coderSettings(argv: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(coderFlags)
      .filter((flag) => argv[flag] !== undefined)
      .map((flag) => [keyOfFlag(flag), argv[flag]]),
  );
}

function keyOfFlag(flag: string): string {
  const key = flag.replaceAll('-', '_');
  const role = coderRoles.find((name) => /^_(?:service|model|temperature)$/.test(key.replace(name, '')));
  return role === undefined ? key : `${role}.${key.slice(role.length + 1)}`;
}
