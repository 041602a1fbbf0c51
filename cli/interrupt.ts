/** Exit code of a program that Ctrl-C ended: 128 + SIGINT. */
const interruptedExitCode = 130;

/** 128 + the number of the signal. */
const terminatedExitCodes = { SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * The first Ctrl-C is polite, the second is not; SIGTERM and a closed terminal leave no time for manners
 * either. `polite` returns whether there was anything to take leave of.
 */
export function onInterrupt(handlers: {
  readonly polite: () => boolean;
  readonly atOnce: () => void;
  /** What SIGTERM does, for whom it is the ordinary way to end; the second time, `atOnce` is called. */
  readonly terminate?: () => void;
}): void {
  let asked = false;
  let terminated = false;
  process.on('SIGINT', () => {
    process.exitCode = interruptedExitCode;
    if (!asked && handlers.polite()) asked = true;
    else handlers.atOnce();
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const { terminate } = handlers;
      process.exitCode = terminate ? 0 : terminatedExitCodes[signal];
      if (!terminate || terminated) return handlers.atOnce();
      terminated = true;
      terminate();
    });
  }
}

/** Whether a signal has decided already how the program leaves. */
export function wasInterrupted(): boolean {
  return process.exitCode !== undefined && Number(process.exitCode) > 128;
}
