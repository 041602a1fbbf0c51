import { randomBytes } from 'node:crypto';
import type { ExecutionConfig } from '../config/schema.ts';
import type { Approve, ExecutionOptions } from '../proxy/execution.ts';
import { SidecarClient } from '../sidecar/client.ts';
import { SidecarLink } from '../sidecar/link.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { askForApproval } from './approval.ts';
import { openTierWarning, parseAddress, tokenVariable } from './commands/sidecar.ts';
import type { Launcher } from './supervised.ts';
import { Supervisor } from './supervisor.ts';

interface Flags {
  readonly config?: string | undefined;
  readonly tier?: string | undefined;
  readonly 'no-policy'?: boolean | undefined;
}

interface Surroundings {
  readonly log: {
    info(data: object, message: string): void;
    warn(data: object, message: string): void;
    debug(message: string): void;
  };
  readonly launcher: Launcher | undefined;
}

export interface StartedExecution {
  readonly options: ExecutionOptions;
  /** Rejects with ColloquyError where there is no sidecar to be had. */
  readonly ready: Promise<unknown>;
  close(): void;
}

/** What a proxy needs to have code run, with a sidecar of its own or somebody else's. */
export async function startExecution(
  config: ExecutionConfig,
  flags: Flags,
  { log, launcher }: Surroundings,
): Promise<StartedExecution> {
  const own = config.sidecar === '' ? new OwnSidecar(flags, log) : undefined;
  const link = new SidecarLink(own ? () => own.start() : () => connectTo(config));
  const tell = (message: string): void => {
    log.warn({}, message);
    launcher?.report({ type: 'notice', message });
  };
  let closed = false;
  // The first block need not wait for it, and whoever watches hears at once that there is none.
  const ready = link.connect();
  ready.then(
    ({ tier }) => {
      log.info({ tier }, `code is run with ${tier}`);
      if (tier === 'none-i-accept-the-risk') tell(`WARNING: ${openTierWarning}`);
    },
    (error: unknown) => {
      const again = config.sidecar === '' ? '' : '; the next block tries again';
      if (!closed) tell(`Execution is off: ${messageOf(error)}${again}`);
    },
  );
  const settings = executionSettings(config);
  const options: ExecutionOptions = { settings, runner: link, ...(await approvalOf(config, launcher)) };
  return {
    options,
    ready,
    close() {
      closed = true;
      link.close();
      own?.end();
    },
  };
}

export function executionSettings(config: ExecutionConfig): ExecutionOptions['settings'] {
  const { seats, blocks, passes, policy, approve, limits } = config;
  return { seats, blocks, passes, policy, approve, limits };
}

async function approvalOf(
  config: ExecutionConfig,
  launcher: Launcher | undefined,
): Promise<Pick<ExecutionOptions, 'approval'>> {
  if (!config.approve) return {};
  const { createPolicy } = await import('../sidecar/policy.ts');
  const policy = createPolicy(config);
  if (config.approver === 'moderator') {
    return { approval: { approve: () => Promise.reject(nobodyToAsk()), policy, byModerators: true } };
  }
  const approve: Approve = (request, signal) =>
    launcher
      ? launcher.ask(request, signal)
      : askForApproval({ title: request.name, block: request.block, signal });
  return { approval: { approve, policy } };
}

function nobodyToAsk(): ColloquyError {
  return new ColloquyError('a meeting that is not kept, or not controlled, has no moderator to ask', {
    code: 'nobody-to-ask',
  });
}

/** A sidecar that this proxy starts, and starts again should it die. */
class OwnSidecar {
  readonly #flags: Flags;
  readonly #log: Surroundings['log'];
  #isEnding = false;
  readonly #token = randomBytes(24).toString('base64url');
  readonly #supervisor = new Supervisor({ ...process.env, [tokenVariable]: this.#token });

  constructor(flags: Flags, log: Surroundings['log']) {
    this.#flags = flags;
    this.#log = log;
  }

  /** Rejects with ColloquyError: what the sidecar said before it left, or why it cannot be reached. */
  async start(): Promise<SidecarClient> {
    const port = await new Promise<number>((resolve, reject) => {
      const ended = this.#supervisor.start('sidecar', this.#arguments(), {
        onMessage: (message) => void (message.type === 'sidecar' && resolve(message.port)),
        onStderr: (line) => this.#log.debug(line),
      });
      void ended.then(({ reason, code, signal }) => {
        const why =
          reason ?? (signal ? `the sidecar was killed by ${signal}` : `the sidecar left with code ${code}`);
        reject(new ColloquyError(why, { code: 'sidecar-failed' }));
        if (!this.#isEnding) this.#log.warn({}, `the sidecar has ended: ${why}`);
      });
    });
    return SidecarClient.connect({ host: '127.0.0.1', port, token: this.#token });
  }

  end(): void {
    this.#isEnding = true;
    this.#supervisor.endAll();
  }

  #arguments(): string[] {
    const { config, tier, 'no-policy': noPolicy } = this.#flags;
    return [
      'sidecar',
      '--listen=127.0.0.1:0',
      ...(config === undefined ? [] : [`--config=${config}`]),
      ...(tier === undefined ? [] : [`--tier=${tier}`]),
      ...(noPolicy ? ['--no-policy'] : []),
    ];
  }
}

function connectTo({ sidecar, sidecar_token: configured }: ExecutionConfig): Promise<SidecarClient> {
  const token = process.env[tokenVariable] || configured;
  return SidecarClient.connect({ ...parseAddress(sidecar, '--sidecar'), token });
}
