import type { ExecutionConfig } from '../config/schema.ts';

/** Flags that stand for keys of `execution` in config/proxy.yml. */
export interface ExecutionFlags {
  readonly config?: string | undefined;
  readonly tier?: string | undefined;
  readonly 'no-policy'?: boolean | undefined;
  readonly blocks?: string | undefined;
  readonly execute?: boolean | undefined;
  readonly passes?: number | undefined;
  readonly 'execute-seats'?: string | undefined;
  readonly approve?: boolean | undefined;
  readonly approver?: string | undefined;
  readonly sidecar?: string | undefined;
}

/** Rejects with ConfigError. */
export async function loadExecutionConfig(argv: ExecutionFlags): Promise<ExecutionConfig> {
  // Loaded only here: the commands that merely name these flags start faster without it.
  const { loadProxyConfig } = await import('../config/load.ts');
  const { value } = loadProxyConfig({
    file: argv.config,
    env: process.env,
    cwd: process.cwd(),
    flags: executionFlags(argv),
  });
  return value.execution;
}

/** As `loadProxyConfig` takes them. */
export function executionFlags(argv: ExecutionFlags): Record<string, unknown> {
  return {
    'execution.tier': argv.tier,
    'execution.policy': argv['no-policy'] ? false : undefined,
    'execution.blocks': argv.blocks,
    'execution.enabled': argv.execute,
    'execution.passes': argv.passes,
    'execution.seats': argv['execute-seats'],
    'execution.approve': argv.approve,
    'execution.approver': argv.approver,
    'execution.sidecar': argv.sidecar,
  };
}
