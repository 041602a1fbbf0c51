import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMeetingName } from '../../wire/greeting.ts';
import type { NowRow } from '../api.ts';
import type { MeetingFeed } from './meeting-feed.ts';
import type { MeetingFeeds } from './meeting-feeds.ts';

/** How soon a meeting is seen that others have started. */
const lookMs = 1_000;
/** A folder is looked at again and again as long as its meeting may just be about to begin. */
const freshMs = 60_000;
const foldersAtOnce = 32;

/**
 * The meetings that go on, or were interrupted: those with a file beside the journal that their proxy takes away at
 * their end. Looks only while somebody wants to know, and at each old folder once.
 */
export class RunningMeetings {
  readonly #transcripts: string;
  readonly #feeds: MeetingFeeds;
  readonly #listeners = new Set<() => void>();
  /** Folders of which nothing more is expected. */
  readonly #old = new Set<string>();
  readonly #open = new Map<string, { readonly feed: MeetingFeed; readonly leave: () => void }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(transcripts: string, feeds: MeetingFeeds) {
    this.#transcripts = transcripts;
    this.#feeds = feeds;
  }

  /** Resolves when the first look is over, with what ends it. `onChange` is called whenever a row may be another. */
  async listen(onChange: () => void): Promise<() => void> {
    this.#listeners.add(onChange);
    this.#timer ??= setInterval(() => void this.#look(), lookMs).unref();
    await this.#look();
    return () => {
      this.#listeners.delete(onChange);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** The latest first. */
  get rows(): NowRow[] {
    const rows = [...this.#open.values()].map(({ feed }) => feed.row);
    return rows.sort((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { leave } of this.#open.values()) leave();
    this.#open.clear();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookAround().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookAround(): Promise<void> {
    const entries = await readdir(this.#transcripts, { withFileTypes: true }).catch(() => []);
    const names = entries
      .filter((entry) => entry.isDirectory() && isMeetingName(entry.name))
      .map(({ name }) => name)
      .filter((name) => !this.#old.has(name) && !this.#open.has(name));
    const next = names.values();
    const work = async (): Promise<void> => {
      for (const name of next) await this.#examine(name);
    };
    await Promise.all(Array.from({ length: foldersAtOnce }, work));
  }

  async #examine(name: string): Promise<void> {
    const folder = path.join(this.#transcripts, name);
    const isGoingOn = (await isThere(folder, 'control.json')) || (await isThere(folder, 'seats.json'));
    if (!isGoingOn) {
      const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: 0 }));
      if (Date.now() - mtimeMs > freshMs) this.#old.add(name);
      return;
    }
    const { feed, release } = await this.#feeds.open(folder);
    // Closed meanwhile, or over before it was read.
    if (this.#listeners.size === 0 || feed.state.state === 'ended') return release();
    const stop = feed.listen(
      {
        onGrown: () => this.#change(),
        onState: () => this.#seeState(name),
        onLive: ({ type }) => {
          if (type === 'approval' || type === 'approved') this.#change();
        },
      },
      'approvals',
    );
    this.#open.set(name, {
      feed,
      leave: () => {
        stop();
        release();
      },
    });
    this.#change();
  }

  #seeState(name: string): void {
    const open = this.#open.get(name);
    if (open?.feed.state.state === 'ended') {
      this.#open.delete(name);
      this.#old.add(name);
      open.leave();
    }
    this.#change();
  }

  #change(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function isThere(folder: string, name: string): Promise<boolean> {
  return access(path.join(folder, name)).then(
    () => true,
    () => false,
  );
}
