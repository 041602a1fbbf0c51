import type net from 'node:net';

/**
 * Ends a connection as a process that was killed does. Where its end is on the way in that moment, it is closed only: Node
 * is refused the reset then, never closes the socket, and turns in circles when the process wants to end.
 */
export function reset(socket: net.Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
