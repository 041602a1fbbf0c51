import { signal, type ReadonlySignal } from '@preact/signals';

export interface Stream {
  /** Whether nothing can come at the moment. It is tried again by itself. */
  readonly isLost: ReadonlySignal<boolean>;
  close(): void;
}

export interface StreamOptions {
  /** Called for each message; `id` is what the server numbered it with, empty where it did not. */
  readonly on: Readonly<Record<string, (data: unknown, id: string) => void>>;
  /** What answers is no stream; called instead of trying again. */
  readonly onRefused?: () => void;
  /** Milliseconds. */
  readonly retryMs?: number;
}

/**
 * Server-sent events that outlive their connection: the browser asks again with Last-Event-ID, and where it gives up
 * (an answer that is no stream) this asks again with `?after=`.
 */
export function openStream(path: string, { on, onRefused, retryMs = 2_000 }: StreamOptions): Stream {
  const isLost = signal(false);
  let source: EventSource | undefined;
  let timer: number | undefined;
  let lastId = '';
  const connect = (): void => {
    const current = new EventSource(lastId === '' ? path : withAfter(path, lastId));
    source = current;
    current.onopen = () => (isLost.value = false);
    current.onerror = () => {
      isLost.value = true;
      if (current.readyState !== EventSource.CLOSED) return;
      if (onRefused) onRefused();
      else timer = window.setTimeout(connect, retryMs);
    };
    for (const [name, receive] of Object.entries(on)) {
      current.addEventListener(name, (event) => {
        const { data, lastEventId } = event as MessageEvent<string>;
        isLost.value = false;
        lastId = lastEventId;
        receive(JSON.parse(data), lastEventId);
      });
    }
  };
  connect();
  return {
    isLost,
    close() {
      window.clearTimeout(timer);
      source?.close();
    },
  };
}

function withAfter(path: string, id: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(id)}`;
}
