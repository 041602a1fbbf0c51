import { supervisedVariable, type ChildMessage, type ParentMessage } from './child-protocol.ts';

/** The launcher, seen from a process that it started; undefined in a process that a person started. */
export interface Launcher {
  report(message: ChildMessage): void;
}

/**
 * Obeys the launcher, if there is one. The person's Ctrl-C reaches the whole terminal, but it is the
 * launcher's to handle, so it is ignored here. A launcher that is gone, however it went, is the signal
 * to end: `onEnd` is called, and if the process still lives `graceMs` later, it is ended.
 */
export function followLauncher(handlers: { onGoodbye: () => void; onEnd: () => void; graceMs?: number }): Launcher | undefined {
  if (!process.send || process.env[supervisedVariable] === undefined) return undefined;
  const end = (): void => {
    setTimeout(() => process.exit(1), handlers.graceMs ?? 3_000).unref();
    handlers.onEnd();
  };
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.once('disconnect', end);
  process.on('message', (message: ParentMessage) => {
    if (message.type === 'goodbye') handlers.onGoodbye();
    else end();
  });
  // The channel is for orders, and no reason to stay.
  process.channel?.unref();
  return { report };
}

/** Tells the launcher, if there is one, and says whether there was. */
export function report(message: ChildMessage): boolean {
  if (!process.send || process.env[supervisedVariable] === undefined || !process.connected) return false;
  process.send(message, undefined, undefined, () => {});
  return true;
}
