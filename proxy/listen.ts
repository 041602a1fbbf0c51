import type net from 'node:net';
import { ColloquyError } from '../wire/errors.ts';
import type { Seat } from '../wire/types.ts';

/** Resolves with the port in use. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
export function listenOn(
  server: net.Server,
  {
    host,
    ports,
    freePorts,
  }: {
    readonly host: string;
    readonly ports: { readonly [seat in Seat]: number };
    readonly freePorts: boolean;
  },
  seat: Seat,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let port = ports[seat];
    server.on('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      if (taken && freePorts && port !== 0) {
        port = 0;
        return listen();
      }
      const why = taken
        ? 'is taken; stop what listens there or choose another with'
        : `cannot be used (${error.code}); see`;
      const message = `port ${port} on ${host} ${why} --port-${seat}`;
      reject(new ColloquyError(message, { code: taken ? 'port-taken' : 'cannot-listen', cause: error }));
    });
    // A crowd may arrive at once; the system cuts this down to what it allows.
    const listen = (): unknown => server.listen({ host, port, backlog: 4_096 });
    server.on('listening', () => resolve((server.address() as net.AddressInfo).port));
    listen();
  });
}
