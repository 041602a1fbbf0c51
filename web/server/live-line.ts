import { ControlClient } from '../../proxy/control-client.ts';
import type { ControlStatus } from '../../proxy/control-request.ts';
import type { WatchLine } from '../../proxy/onlookers.ts';

/** A connection to the proxy of a meeting, which tells what happens and is not journaled. */
export class LiveLine {
  readonly #client: ControlClient;

  private constructor(client: ControlClient) {
    this.#client = client;
  }

  /** Rejects with ColloquyError where nobody listens, or no longer. */
  static async connect(
    folder: string,
    handlers: {
      readonly onStatus: (status: ControlStatus) => void;
      readonly onLive: (line: WatchLine) => void;
      readonly onLost: () => void;
    },
  ): Promise<LiveLine> {
    const client = await ControlClient.connect(folder);
    try {
      const status = await client.watch({
        onFrame: (line) => handlers.onLive(JSON.parse(line) as WatchLine),
        onLost: handlers.onLost,
      });
      handlers.onStatus(status);
      return new LiveLine(client);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }
}

/** How a meeting is, as its proxy says; undefined where nobody answers. */
export async function askForStatus(folder: string): Promise<ControlStatus | undefined> {
  const client = await ControlClient.connect(folder).catch(() => undefined);
  try {
    return (await client?.ask({ action: 'status' }))?.status;
  } catch {
    return undefined;
  } finally {
    client?.close();
  }
}
