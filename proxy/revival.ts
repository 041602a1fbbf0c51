import { readdirSync } from 'node:fs';
import path from 'node:path';
import { telemetry } from '../telemetry/telemetry.ts';
import { messageOf } from '../wire/errors.ts';
import { isMeetingName } from '../wire/greeting.ts';
import type { Seat } from '../wire/types.ts';
import type { Attention } from './attention.ts';
import type { Meetings } from './meetings.ts';
import { MemoryBuilder } from './memory.ts';
import { Place } from './place.ts';
import { journalOf, recoverRecord } from './record.ts';
import type { RelaySettings, Surroundings } from './relay-settings.ts';
import { isHeld, readSeatsFile, removeSeatsFile, writeSeatsFile } from './seats-file.ts';
import type { Watchfulness } from './watchfulness.ts';

export interface RevivalOptions {
  readonly settings: RelaySettings;
  readonly surroundings: Surroundings;
  readonly ports: { readonly [seat in Seat]: number };
  readonly watchfulness: Watchfulness;
  readonly meetings: Meetings;
  readonly isLeaving: () => boolean;
}

/** Meetings that another proxy has left unfinished, and that go on here. */
export class Revival {
  readonly #options: RevivalOptions;
  /** Those that are being read again. */
  readonly #reviving = new Map<string, Promise<void>>();

  constructor(options: RevivalOptions) {
    this.#options = options;
  }

  /** Goes on with the meetings that were interrupted. */
  async reviveAll(): Promise<void> {
    const { resume, transcripts } = this.#options.settings;
    if (transcripts === undefined || resume === 'none') return;
    const names = resume === 'all' ? namesIn(transcripts) : resume;
    for (const name of names) {
      await this.revive(name).catch((error: unknown) => {
        this.#options.surroundings.log.warn({ error }, `${name} cannot be gone on with: ${messageOf(error)}`);
      });
    }
  }

  /** Goes on with one of them, if it is wanted and can be. */
  revive(id: string): Promise<void> {
    const { transcripts, resume } = this.#options.settings;
    const isWanted = resume === 'all' || resume.includes(id);
    if (transcripts === undefined || !isWanted || !isMeetingName(id)) return Promise.resolve();
    const running = this.#reviving.get(id);
    if (running) return running;
    const reviving = this.#readAgain(id, path.join(transcripts, id)).finally(() => this.#reviving.delete(id));
    this.#reviving.set(id, reviving);
    return reviving;
  }

  async #readAgain(id: string, folder: string): Promise<void> {
    const { log } = this.#options.surroundings;
    const file = readSeatsFile(folder);
    if (!file || this.#options.meetings.get(id) || isHeld(file)) return;
    const { secrets, trace } = file;
    writeSeatsFile(folder, { ports: this.#options.ports, secrets, trace });
    const builder = new MemoryBuilder();
    await this.#options.watchfulness.load();
    let attention: Attention | undefined;
    const { recovered, reopen } = await recoverRecord(
      folder,
      (event) => {
        builder.add(event);
        if (event.type !== 'meeting') attention?.recall(event);
        else attention = this.#options.watchfulness.attentionFor(event.settings, event.seats);
      },
      this.#options.meetings.recordOptions,
    );
    if (recovered.cut) {
      log.warn(
        { meeting: id, ...recovered.cut },
        `${journalOf(folder)} ended in the middle of an event: ${recovered.cut.bytes} bytes were cut off and kept in journal.torn`,
      );
    }
    for (const { line, problem } of recovered.badLines) {
      log.warn(
        { meeting: id, line },
        `line ${line} of ${journalOf(folder)} cannot be read (${problem}); a copy is in journal.bad`,
      );
    }
    const { memory } = builder;
    if (!memory || this.#options.isLeaving()) return memory ? undefined : removeSeatsFile(folder);
    const place = (seat: Seat): Place =>
      new Place({
        seat,
        participant: memory.seats[seat],
        dialect: memory.dialects[seat],
        features: ['note', 'history'],
      });
    const places = { a: place('a'), b: place('b') };
    const { settings } = memory;
    if (trace !== undefined) telemetry()?.goOn(id, trace);
    const meeting = this.#options.meetings.open({
      wish: id,
      record: reopen(),
      places,
      settings,
      secrets,
      attention,
    });
    log.info({ meeting: id }, `${id} goes on after ${memory.turns} turns, when its agents come back`);
    meeting.goOn(memory);
  }
}

function namesIn(transcripts: string): string[] {
  try {
    return readdirSync(transcripts).filter(isMeetingName);
  } catch {
    return [];
  }
}
