import { createHash } from 'node:crypto';
import type { MeetingSettings } from '../journal/event.ts';
import { createMeetingId } from '../journal/meeting-id.ts';
import { messageOf } from '../wire/errors.ts';
import { seats, type Seat } from '../wire/types.ts';
import { withApprovals } from './approvals.ts';
import type { Attention } from './attention.ts';
import type { ControlServer } from './control.ts';
import { createDelays } from './delays.ts';
import { Execution } from './execution.ts';
import { Meeting } from './meeting.ts';
import { Onlookers } from './onlookers.ts';
import type { Past } from './past.ts';
import type { Place } from './place.ts';
import { recall } from './recall.ts';
import { journalOf, type OpenRecord, type RecordOptions } from './record.ts';
import { shuttingDown } from './refusals.ts';
import { Round } from './round.ts';
import type { RelaySettings, Surroundings } from './relay-settings.ts';
import { readSeatsFile, removeSeatsFile, writeSeatsFile, type SeatsFile } from './seats-file.ts';
import { TurnTranslator } from './translation.ts';
import type { ViewerEvent } from './viewer.ts';

export interface MeetingsOptions {
  readonly settings: RelaySettings;
  readonly surroundings: Surroundings;
  /** Where the relay listens, as soon as it does. */
  readonly ports: { readonly [seat in Seat]: number };
  /** Absent where no meeting can be moderated. */
  readonly control?: ControlServer | undefined;
}

export interface OpenMeeting {
  readonly meeting: Meeting;
  readonly record: OpenRecord;
  /** Gives it up without ending it, for another proxy to go on with. */
  readonly release: () => void;
}

/** The meetings that go on in one relay, from the moment each is opened until all of it is written. */
export class Meetings {
  readonly #options: MeetingsOptions;
  readonly #delays: ReturnType<typeof createDelays>;
  readonly #round = new Round();
  readonly #open = new Map<string, OpenMeeting>();
  /** What they were called by those who asked for them. */
  readonly #wishes = new Set<string>();
  readonly #finishing = new Set<Promise<void>>();
  /** The meeting that each seat is of, by a digest of its secret: a look into it tells nothing of others. */
  readonly #seats = new Map<string, string>();

  constructor(options: MeetingsOptions) {
    this.#options = options;
    this.#delays = createDelays(options.settings.rate, options.surroundings.clock);
  }

  get size(): number {
    return this.#open.size;
  }

  get all(): readonly OpenMeeting[] {
    return [...this.#open.values()];
  }

  get(id: string): OpenMeeting | undefined {
    return this.#open.get(id);
  }

  /** The meeting in which somebody may come back to that seat with `secret`. */
  findSeat(seat: Seat, secret: string): string | undefined {
    const id = this.#seats.get(digestOf(seat, secret));
    return id !== undefined && this.#open.get(id)?.meeting.isHeldBy(seat, secret) ? id : undefined;
  }

  /** Whether one goes on that was asked for by that name. */
  isWished(name: string): boolean {
    return this.#wishes.has(name);
  }

  /** A name for a meeting. Where nothing is kept, no folder tells that a name is taken. */
  newId(names: { readonly a: string; readonly b: string }): string {
    const { clock, random } = this.#options.surroundings;
    const id = createMeetingId(names, new Date(clock.nowMs()), random);
    if (!this.#open.has(id)) return id;
    let count = 2;
    while (this.#open.has(`${id}-${count}`)) count++;
    return `${id}-${count}`;
  }

  /** Opens one that is to begin, or to go on. */
  open({
    wish,
    record,
    places,
    settings,
    secrets,
    attention,
    past,
  }: {
    readonly wish: string;
    readonly record: OpenRecord;
    readonly places: { readonly a: Place; readonly b: Place };
    readonly settings: MeetingSettings;
    readonly secrets: SeatsFile['secrets'] | undefined;
    readonly attention: Attention | undefined;
    readonly past?: Past | undefined;
  }): Meeting {
    const { clock, random, log, software, watch, execution, translator } = this.#options.surroundings;
    const { goodbyeMs, drainMs, resumeMs, maxFrameBytes } = this.#options.settings;
    const { meeting: id, folder } = record;
    const where =
      folder === undefined
        ? {}
        : {
            folder,
            recall: (seat: Seat, isWanted: () => boolean) =>
              recall(journalOf(folder), seat, record, isWanted),
          };
    // What is not kept cannot be moderated, and not be watched but by those who started it.
    const onlookers =
      folder === undefined
        ? undefined
        : new Onlookers({
            turns: () => meeting.progress.turns,
            saidBy: (seat) => meeting.saidBy(seat),
          });
    const onlook = onlookers && ((event: ViewerEvent): void => onlookers.show(event));
    const show = (event: ViewerEvent): void => void (watch?.(event), onlook?.(event));
    const isModerated = folder !== undefined && this.#options.control !== undefined;
    const permitted = execution && isModerated ? withApprovals(execution, id, show) : undefined;
    const runs = settings.execution && (permitted?.options ?? execution);
    const participants = { a: places.a.participant, b: places.b.participant };
    const languages = settings.translation?.languages;
    const meeting: Meeting = new Meeting({
      id,
      places,
      ...(secrets ? { secrets } : {}),
      settings,
      ...(past ? { past } : {}),
      software,
      goodbyeMs,
      drainMs,
      resumeMs,
      maxFrameBytes,
      delays: this.#delays.forPair(participants),
      record,
      round: this.#round,
      clock,
      random,
      ...(watch ? { watch } : {}),
      ...(onlook && isModerated ? { onlook } : {}),
      ...where,
      ...(attention ? { attention } : {}),
      ...(runs ? { execution: new Execution(runs, { meeting: id, folder, maxFrameBytes }) } : {}),
      ...(languages
        ? {
            translation: new TurnTranslator({
              ...{ translator, languages, participants, maxFrameBytes, clock, meeting: id },
            }),
          }
        : {}),
      onStopped: (reason, detail) => {
        if (folder !== undefined) removeSeatsFile(folder);
        log.info({ meeting: id, reason, detail }, `${id} ended: ${reason}`);
        close(() => this.#options.surroundings.onMeetingEnded?.(id, reason));
      },
    });
    const digests = secrets ? seats.map((seat) => digestOf(seat, secrets[seat])) : [];
    const close = (then: () => void): void => {
      this.#open.delete(id);
      for (const digest of digests) this.#seats.delete(digest);
      this.#options.control?.remove(id);
      this.#wishes.delete(wish);
      this.#track(record.close().then(then));
    };
    const release = (): void => {
      meeting.handOver(shuttingDown());
      try {
        if (folder !== undefined && secrets) {
          const trace = readSeatsFile(folder)?.trace;
          writeSeatsFile(folder, { ports: this.#options.ports, secrets, trace }, 'nobody');
        }
      } catch (error) {
        // The one that is there still names this process, and is free as soon as that is gone.
        log.warn({ meeting: id }, messageOf(error));
      }
      close(() => {});
    };
    for (const digest of digests) this.#seats.set(digest, id);
    this.#open.set(id, { meeting, record, release });
    const names = { a: places.a.name, b: places.b.name };
    const approvals = permitted?.approvals;
    if (folder !== undefined && onlookers)
      this.#mayModerate({ meeting, names, folder, onlookers, approvals });
    this.#wishes.add(wish);
    return meeting;
  }

  /** How what is said in them is kept. */
  get recordOptions(): RecordOptions {
    const { clock, log, createTranscriptWriter } = this.#options.surroundings;
    const onError = (error: unknown): void => log.warn({}, messageOf(error));
    return { ...this.#options.settings.journal, clock, createTranscriptWriter, onError };
  }

  /** Resolves when the transcripts of all that have ended are written. */
  async finish(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  #mayModerate(controlled: Parameters<ControlServer['add']>[0]): void {
    const { meeting } = controlled;
    try {
      this.#options.control?.add(controlled);
    } catch (error) {
      this.#options.surroundings.log.warn(
        { error },
        `${meeting.id} cannot be moderated: ${messageOf(error)}`,
      );
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}

function digestOf(seat: Seat, secret: string): string {
  return createHash('sha256').update(`${seat} ${secret}`).digest('base64');
}
