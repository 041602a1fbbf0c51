import { ColloquyError } from '../wire/errors.ts';
import type { Approval, ApprovalRequest } from '../proxy/execution.ts';
import { supervisedVariable, type ChildMessage, type Door, type ParentMessage } from './child-protocol.ts';

/** The launcher, seen from a process that it started; undefined in a process that a person started. */
export interface Launcher {
  report(message: ChildMessage): void;
  /** Resolves with what the person at the launcher says; `signal` takes the question back. */
  ask(request: ApprovalRequest, signal: AbortSignal): Promise<Approval>;
  /** Resolves as soon as the proxy listens. */
  waitForDoor(): Promise<Door>;
}

/**
 * Obeys the launcher, if there is one. The person's Ctrl-C reaches the whole terminal, but it is the
 * launcher's to handle, so it is ignored here. A launcher that is gone, however it went, is the signal
 * to end: `onEnd` is called, and if the process still lives `graceMs` later, it is ended.
 */
export function followLauncher(handlers: {
  onGoodbye: () => void;
  onEnd: () => void;
  graceMs?: number;
}): Launcher | undefined {
  if (!process.send || process.env[supervisedVariable] === undefined) return undefined;
  let ending = false;
  const questions = new Map<number, (approval: Approval) => void>();
  let asked = 0;
  let refuseDoor: ((reason: Error) => void) | undefined;
  const end = (): void => {
    if (ending) return;
    ending = true;
    refuseDoor?.(new ColloquyError('the launcher ended it', { code: 'ended' }));
    setTimeout(() => process.exit(1), handlers.graceMs ?? 3_000).unref();
    handlers.onEnd();
  };
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.once('disconnect', end);
  const door = new Promise<Door>((resolve, reject) => {
    refuseDoor = reject;
    process.on('message', (message: ParentMessage) => {
      if (message.type === 'goodbye') handlers.onGoodbye();
      if (message.type === 'end') end();
      if (message.type === 'door') resolve(message);
      if (message.type === 'approval') {
        questions.get(message.id)?.(message.approval);
        questions.delete(message.id);
      }
    });
  });
  // Not everybody waits for it.
  door.catch(() => {});
  // The channel is for orders, and no reason to stay, but for the one that is waited for.
  process.channel?.unref();
  // The launcher may have gone while this process was still loading.
  if (!process.connected) end();
  return {
    report,
    ask: (request, signal) =>
      new Promise((resolve) => {
        const id = ++asked;
        questions.set(id, resolve);
        report({ type: 'approve', id, request });
        const takeBack = (): boolean => questions.delete(id) && report({ type: 'answered', id });
        signal.addEventListener('abort', takeBack, { once: true });
      }),
    async waitForDoor() {
      process.channel?.ref();
      try {
        return await door;
      } finally {
        process.channel?.unref();
      }
    },
  };
}

/** Tells the launcher, if there is one, and says whether there was. */
export function report(message: ChildMessage): boolean {
  if (!process.send || process.env[supervisedVariable] === undefined || !process.connected) return false;
  process.send(message, undefined, undefined, () => {});
  return true;
}
