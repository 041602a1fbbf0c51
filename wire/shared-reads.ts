import net from 'node:net';

/** What one read may bring. */
const readBytes = 64 * 1024;

/**
 * One buffer into which all sockets of this process read, instead of a new one for each read. What
 * `onBytes` is given, at the start of it, is only there until it returns.
 */
const shared = Buffer.allocUnsafeSlow(readBytes);

/** What Node's socket has inside; not documented, so that whatever is not as expected is left alone. */
interface SocketInside {
  _handle?: { readonly reading?: boolean } | null;
  _server?: unknown;
}

/**
 * An accepted socket, of a server with `pauseOnConnect`, that reads into the shared buffer. Node takes the
 * option `onread` for sockets that connect only, so the handle is given to another socket that has it.
 * Where that is not possible the same socket is returned, and its data comes by events.
 */
export function shareReads(
  accepted: net.Socket,
  onBytes: (bytes: Buffer, length: number) => void,
): net.Socket {
  const inside = accepted as unknown as SocketInside;
  const handle = inside._handle;
  if (!handle || !('useUserBuffer' in handle)) {
    accepted.on('data', (bytes) => onBytes(bytes, bytes.length));
    return accepted;
  }
  inside._handle = null;
  const options = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: shared,
      callback(length: number): boolean {
        onBytes(shared, length);
        return true;
      },
    },
  };
  const socket = new net.Socket(options);
  // The server counts its sockets, and waits for them when it closes.
  (socket as unknown as SocketInside)._server = inside._server;
  inside._server = null;
  return socket;
}
