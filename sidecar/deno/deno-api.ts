/**
 * What this folder uses of Deno and of the web: the types that come with Node tell nothing of them.
 * Taken when the module is loaded, since a worker later takes them away from its global object.
 */
export interface Deno {
  readonly args: readonly string[];
  readonly stdin: { readonly readable: AsyncIterable<Uint8Array> };
  readonly stdout: SyncWriter;
  readonly stderr: SyncWriter;
  readonly permissions: { revokeSync(permission: { readonly name: 'read' }): unknown };
  readFileSync(file: string | URL): Uint8Array<ArrayBuffer>;
  readTextFileSync(file: string | URL): string;
  inspect(value: unknown, options?: { readonly colors: boolean; readonly depth: number }): string;
  exit(code: number): never;
}

interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

export interface Port {
  postMessage(message: unknown, transfer?: readonly unknown[]): void;
  onmessage: ((event: object) => void) | null;
}

export interface DenoWorker extends Port {
  onerror: ((event: { readonly message: string; preventDefault(): void }) => void) | null;
  terminate(): void;
}

interface Web {
  readonly Deno: Deno;
  readonly Worker: new (
    url: string,
    options: {
      readonly type: 'module';
      readonly name: string;
      readonly deno: { readonly permissions: 'none' };
    },
  ) => DenoWorker;
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
}

const web = globalThis as unknown as Web;

export const deno = web.Deno;
export const WebWorker = web.Worker;
export const WebMessageChannel = web.MessageChannel;

/** Writes all of it, waiting where whoever reads is slow. */
export function createWriter(stream: SyncWriter): (bytes: Uint8Array) => void {
  const write = stream.writeSync.bind(stream);
  return (bytes) => {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(write(rest));
  };
}
