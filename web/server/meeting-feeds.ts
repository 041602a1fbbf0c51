import { MeetingFeed } from './meeting-feed.ts';

/** So long a feed is kept that nobody watches: a page that is loaded again finds it ready. */
const lingerMs = 10_000;

interface Shared {
  readonly feed: MeetingFeed;
  readonly ready: Promise<void>;
  users: number;
  timer?: NodeJS.Timeout;
}

/** The feeds that somebody watches, one of each meeting. */
export class MeetingFeeds {
  readonly #shared = new Map<string, Shared>();

  /** Resolves when the feed has read its journal. Who has got one calls `release` once. */
  async open(folder: string): Promise<{ readonly feed: MeetingFeed; readonly release: () => void }> {
    const shared = this.#shared.get(folder) ?? this.#create(folder);
    clearTimeout(shared.timer);
    shared.users++;
    await shared.ready;
    let isReleased = false;
    return {
      feed: shared.feed,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        if (--shared.users === 0)
          shared.timer = setTimeout(() => this.#close(folder, shared), lingerMs).unref();
      },
    };
  }

  close(): void {
    for (const [folder, shared] of this.#shared) this.#close(folder, shared);
  }

  #create(folder: string): Shared {
    const feed = new MeetingFeed(folder);
    const shared: Shared = { feed, ready: feed.start(), users: 0 };
    this.#shared.set(folder, shared);
    return shared;
  }

  #close(folder: string, { feed, timer }: Shared): void {
    clearTimeout(timer);
    feed.close();
    this.#shared.delete(folder);
  }
}
