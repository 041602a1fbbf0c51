/** Exit code of a program that Ctrl-C ended: 128 + SIGINT. */
export const interruptedExitCode = 130;

/**
 * The first Ctrl-C is polite, the second is not; SIGTERM and a closed terminal leave no time for
 * manners either. `polite` returns whether
 * there was anything to take leave of.
 */
export function onInterrupt(handlers: { readonly polite: () => boolean; readonly atOnce: () => void }): void {
  let asked = false;
  process.on('SIGINT', () => {
    process.exitCode = interruptedExitCode;
    if (!asked && handlers.polite()) asked = true;
    else handlers.atOnce();
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => handlers.atOnce());
}
