import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { JournalEvent } from '../../journal/event.ts';
import type { ExecutionOptions } from '../../proxy/execution.ts';
import { Relay } from '../../proxy/relay.ts';
import type { RelayEnvironment, RelaySettings } from '../../proxy/relay-settings.ts';
import type { ViewerEvent } from '../../proxy/viewer.ts';
import { temporaryFolder } from './temporary.ts';

/** A relay on free ports with its transcripts in a temporary folder, closed when the test ends. */
export interface TestRelay {
  readonly relay: Relay;
  readonly ports: { readonly a: number; readonly b: number };
  readonly transcripts: string;
  readonly seen: ViewerEvent[];
  /** Resolves with the first event of that type, which may have come already. */
  event: <T extends ViewerEvent['type']>(type: T) => Promise<Extract<ViewerEvent, { type: T }>>;
  journal: (meeting: string) => JournalEvent[];
}

export async function startRelay(
  changes: Partial<RelaySettings> = {},
  execution?: ExecutionOptions,
  {
    isWatched = true,
    ...others
  }: Pick<RelayEnvironment, 'prices' | 'translator'> & { readonly isWatched?: boolean } = {},
): Promise<TestRelay> {
  const transcripts = await temporaryFolder();
  const seen: ViewerEvent[] = [];
  const waiters = new Set<() => void>();
  const settings: RelaySettings = {
    host: '127.0.0.1',
    ports: { a: 0, b: 0 },
    freePorts: false,
    hello: '/start',
    first: 'a',
    maxMessages: 0,
    maxSeconds: 0,
    maxFrameBytes: 1_048_576,
    classicIdleMs: 40,
    greetingMs: 2_000,
    goodbyeMs: 2_000,
    drainMs: 2_000,
    token: '',
    rate: { messagesPerMinute: 0, charactersPerMinute: 0, providers: {} },
    transcripts,
    resume: 'all',
    resumeMs: 2_000,
    journal: {},
    ...changes,
  };
  const watch = (event: ViewerEvent): void => {
    seen.push(event);
    for (const wake of waiters) wake();
  };
  const relay = new Relay(settings, {
    software: 'colloquy test',
    log: { info: () => {}, warn: () => {} },
    ...(execution ? { execution } : {}),
    ...others,
    ...(isWatched ? { watch } : {}),
  });
  const ports = await relay.listen();
  onTestFinished(() => relay.close());
  return {
    relay,
    ports,
    transcripts,
    seen,
    async event(type) {
      for (;;) {
        const found = seen.find((event) => event.type === type);
        if (found) return found as never;
        await new Promise<void>((resolve) => waiters.add(resolve));
      }
    },
    journal(meeting) {
      const text = readFileSync(path.join(transcripts, meeting, 'journal.jsonl'), 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as JournalEvent);
    },
  };
}

/** Somebody with `nc`: sends bytes, reads whatever comes. */
export class RawClient {
  readonly socket: net.Socket;
  #received = '';
  #closed = false;
  #wake = (): void => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    onTestFinished(() => void socket.destroy());
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = net.connect({ port, host: '127.0.0.1' });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  /** Connects and greets in JSON, without a partner to wait for. */
  static async greet(port: number, greeting: object): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(`/iam: ${JSON.stringify(greeting)}\n`);
    return client;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  get received(): string {
    return this.#received;
  }

  /** Takes all that was received up to and including `text`. */
  async until(text: string | RegExp): Promise<string> {
    for (;;) {
      const match = typeof text === 'string' ? this.#find(text) : text.exec(this.#received);
      if (match) {
        const end = match.index + match[0].length;
        const taken = this.#received.slice(0, end);
        this.#received = this.#received.slice(end);
        return taken;
      }
      if (this.#closed)
        throw new Error(`closed before ${String(text)} came; what came: ${JSON.stringify(this.#received)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves with all that is left once the other side has closed. */
  async closed(): Promise<string> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#received;
  }

  #find(text: string): { index: number; 0: string } | undefined {
    const index = this.#received.indexOf(text);
    return index < 0 ? undefined : { index, 0: text };
  }
}
