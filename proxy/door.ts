import net from 'node:net';
import tls from 'node:tls';
import { ProtocolError } from '../wire/errors.ts';
import { encodeControl } from '../wire/message.ts';
import type { Admission, Visit } from './admission.ts';
import { busy } from './refusals.ts';

export interface DoorOptions {
  readonly admission: Admission;
  /** For `tls.createServer`; undefined: no TLS. */
  readonly tls: tls.TlsOptions | undefined;
  /** How long the TLS handshake may take. */
  readonly handshakeMs: number;
  /**
   * Somebody is let in, and `visit.leave` is called when they are gone. Returns what closes the connection at
   * once, should it have to make room.
   */
  readonly onVisitor: (socket: net.Socket, visit: Visit) => () => void;
  /** Somebody did not get in. Often called, if many try. */
  readonly onRefused: (address: string, detail: string) => void;
}

/** A listener that admits connections, and shakes hands where TLS is asked for. */
export function createDoor(options: DoorOptions): net.Server {
  const { admission, onVisitor, onRefused } = options;
  const shaker = options.tls && createShaker(options.tls, options);
  // Whoever handles a connection in the clear reads it in its own way; TLS reads by itself.
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: !shaker }, (socket) => {
    const address = socket.remoteAddress ?? '?';
    let drop = (): void => void socket.destroy();
    const visit = admission.arrive(socket.remoteAddress, () => {
      onRefused(address, 'makes room for others before it has greeted');
      drop();
    });
    if (!visit) {
      onRefused(address, 'too many connections, or too many wrong tokens');
      // What is said in the clear would only confuse somebody who expects TLS.
      return shaker ? void socket.destroy() : turnAway(socket, busy());
    }
    if (shaker) shaker.shakeHands(socket, visit);
    else drop = onVisitor(socket, visit);
  });
  return shaker ? closingBoth(server, shaker) : server;
}

interface Shaker {
  shakeHands(socket: net.Socket, visit: Visit): void;
  /** Ends all handshakes that are going on. */
  close(): void;
}

/** The TLS server listens nowhere: it is given the connections that were admitted. */
function createShaker(settings: tls.TlsOptions, options: DoorOptions): Shaker {
  const { handshakeMs: handshakeTimeout, onVisitor, onRefused } = options;
  /** By both ends: no two connections of a listener have them in common. */
  const shaking = new Map<string, { readonly socket: net.Socket; readonly visit: Visit }>();
  const keyOf = (socket: net.Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  const server = tls.createServer({ ...settings, handshakeTimeout }, (secure) => {
    const visit = shaking.get(keyOf(secure))?.visit;
    shaking.delete(keyOf(secure));
    if (visit) onVisitor(secure, visit);
    else secure.destroy();
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, secure) => {
    onRefused(secure.remoteAddress ?? '?', `no TLS handshake: ${error.code ?? error.message}`);
    secure.destroy();
  });
  return {
    shakeHands(socket, visit) {
      const key = keyOf(socket);
      shaking.set(key, { socket, visit });
      socket.once('close', () => {
        shaking.delete(key);
        visit.leave();
      });
      // Before the handshake is over nobody else listens to it.
      socket.on('error', () => {});
      socket.setTimeout(handshakeTimeout, () => socket.destroy());
      socket.once('readable', () => {
        socket.setTimeout(0);
        const start = socket.read() as Buffer | null;
        if (start === null || start[0] !== handshakeRecord) return turnAway(socket, tlsRequired);
        socket.unshift(start);
        server.emit('connection', socket);
      });
    },
    close() {
      for (const { socket } of shaking.values()) socket.destroy();
    },
  };
}

/** A listener is closed when its last connection is; nobody says goodbye to those that shake hands. */
function closingBoth(server: net.Server, shaker: Shaker): net.Server {
  const close = server.close.bind(server);
  server.close = (done) => {
    shaker.close();
    return close(done);
  };
  return server;
}

/** What TLS begins with. Source: RFC 8446, section 5.1. */
const handshakeRecord = 0x16;

const tlsRequired = new ProtocolError('tls-required', 'this proxy speaks TLS: say --tls, and --ca FILE');

function turnAway(socket: net.Socket, { code, message }: ProtocolError): void {
  socket.on('error', () => {});
  socket.end(encodeControl('error', { code, message }) + '\n', () => void socket.destroy());
}
