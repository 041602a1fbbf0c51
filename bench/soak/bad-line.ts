import net, { type AddressInfo } from 'node:net';

/** A port that passes everything on to another one, and may cut off whoever came through it. */
export class BadLine {
  readonly #links = new Set<{ near: net.Socket; far: net.Socket }>();
  readonly #server: net.Server;

  constructor(port: number) {
    this.#server = net.createServer({ noDelay: true }, (near) => {
      const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
      const link = { near, far };
      this.#links.add(link);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('error', () => to.destroy());
        from.once('close', () => {
          this.#links.delete(link);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts everybody off who is connected now. */
  cut(): void {
    for (const { near, far } of this.#links) for (const socket of [near, far]) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
