import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.ts';
import { composeAttack, type Attack } from './attacks.ts';
import { reset } from '../support/reset.ts';

/** Connects, sends what somebody might who means no good or knows no better, and is gone. */
export async function visit(port: number, dice: Dice): Promise<Attack['kind']> {
  const attack = composeAttack(dice);
  const socket = net.connect({ host: '127.0.0.1', port });
  let isClosed = false;
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => resolve((isClosed = true) as never)),
  );
  socket.on('error', () => {});
  if (dice.happens(0.9)) socket.resume();
  const leave = dice.pick(['end', 'end', 'reset', 'wait'] as const);
  const stayMs = dice.between(0, 60);
  for (const piece of attack.pieces) {
    if (isClosed) break;
    socket.write(piece);
    if (dice.happens(0.3)) await Promise.race([closed, sleep(dice.between(0, 8))]);
  }
  await Promise.race([closed, sleep(leave === 'wait' ? stayMs * 6 : stayMs)]);
  if (leave === 'reset' && !socket.connecting) reset(socket);
  else socket.end();
  await Promise.race([closed, sleep(50)]);
  socket.destroy();
  return attack.kind;
}
