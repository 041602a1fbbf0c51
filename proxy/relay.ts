import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import type tls from 'node:tls';
import type { PriceList } from '../config/prices.ts';
import { createMeetingId } from '../journal/meeting-id.ts';
import type { MeetingSettings } from '../journal/event.ts';
import { createTranscriptWriter } from '../journal/transcript-writer.ts';
import { systemClock, type Clock } from '../wire/clock.ts';
import { messageOf, ProtocolError } from '../wire/errors.ts';
import { isMeetingName, type Greeting } from '../wire/greeting.ts';
import { isSameSecret } from '../wire/secret.ts';
import { seats, type Seat, type StopReason } from '../wire/types.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import type { Attention } from './attention.ts';
import { ControlServer } from './control.ts';
import { createDelays, type RateSettings } from './delays.ts';
import { createDoor } from './door.ts';
import { Execution, type ExecutionOptions } from './execution.ts';
import { Guest } from './guest.ts';
import { listenOn } from './listen.ts';
import { Meeting } from './meeting.ts';
import { meetingSettingsOf } from './meeting-settings.ts';
import { MemoryBuilder } from './memory.ts';
import { WaitingRoom, type Pair } from './pairing.ts';
import type { Past } from './past.ts';
import { Place } from './place.ts';
import { recall } from './recall.ts';
import {
  journalOf,
  openRecord,
  recoverRecord,
  type CreateTranscriptWriter,
  type OpenRecord,
  type RecordOptions,
} from './record.ts';
import { badToken, busy, noSeat, shuttingDown } from './refusals.ts';
import { isHeld, readSeatsFile, removeSeatsFile, writeSeatsFile, type SeatsFile } from './seats-file.ts';
import { messagesOf } from './stop-rules.ts';
import { planTranslation, TurnTranslator, type Translator } from './translation.ts';
import { Watchfulness, type WatchfulnessSettings } from './watchfulness.ts';
import type { Viewer } from './viewer.ts';

export interface RelaySettings extends Omit<MeetingSettings, 'prices' | 'execution'> {
  readonly host: string;
  /** 0: any free port. */
  readonly ports: { readonly [seat in Seat]: number };
  /** Whether any free port will do where one of `ports` is taken. */
  readonly freePorts: boolean;
  readonly maxFrameBytes: number;
  /** How much silence ends a message of the classic dialect; 0: a line is a message. */
  readonly classicIdleMs: number;
  readonly greetingMs: number;
  readonly goodbyeMs: number;
  readonly drainMs: number;
  /** What a greeting must carry; empty: nothing. */
  readonly token: string;
  /** The same for one seat, instead of `token`. */
  readonly tokens?: { readonly [seat in Seat]?: string | undefined };
  /** For `tls.createServer`; undefined: no TLS. */
  readonly tls?: tls.TlsOptions | undefined;
  readonly limits?: RelayLimits;
  readonly rate: RateSettings;
  /** Folder of the journals and transcripts; undefined: nothing is kept. */
  readonly transcripts: string | undefined;
  /** Which interrupted meetings in that folder are gone on with. */
  readonly resume: 'all' | 'none' | readonly string[];
  /** What the meeting of that name, when it is held, begins with. */
  readonly fork?: { readonly meeting: string; readonly past: Past } | undefined;
  /** How long a seat is kept for an agent that lost its connection; 0: not at all. */
  readonly resumeMs: number;
  readonly journal: Pick<RecordOptions, 'sync' | 'maxBytes'>;
  /** Which meetings are read along with; undefined: none. */
  readonly watchfulness?: WatchfulnessSettings;
  /** Whether meetings that are kept can be moderated. */
  readonly control?: boolean;
}

export interface RelayLimits extends AdmissionLimits {
  /** Who have greeted and have no partner yet. */
  readonly waiting: number;
  readonly meetings: number;
}

const usualLimits: RelayLimits = {
  connections: 4_096,
  connectionsPerAddress: 512,
  strangers: 2_048,
  waiting: 1_024,
  meetings: 2_048,
};

export interface RelayEnvironment {
  readonly software: string;
  /** Absent where nobody watches. */
  readonly watch?: Viewer;
  readonly log: {
    debug?(data: object, message: string): void;
    info(data: object, message: string): void;
    warn(data: object, message: string): void;
  };
  readonly onMeetingEnded?: (meeting: string, reason: StopReason) => void;
  /** What models cost; absent: nobody knows. */
  readonly prices?: PriceList;
  /** Has the code run that agents write. */
  readonly execution?: ExecutionOptions;
  /** Translates for two who speak different languages. */
  readonly translator?: Translator;
  readonly createTranscriptWriter?: CreateTranscriptWriter;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * Two listeners. Whoever connects to port A and whoever connects to port B are paired, and hold a meeting
 * until it ends; then the next ones do. Many meetings at a time, and none knows of another.
 */
export class Relay {
  readonly #settings: RelaySettings;
  readonly #environment: Required<
    Omit<RelayEnvironment, 'onMeetingEnded' | 'execution' | 'translator' | 'prices' | 'watch'>
  > &
    RelayEnvironment;
  readonly #listeners: { readonly [seat in Seat]: net.Server };
  readonly #limits: RelayLimits;
  readonly #admission: Admission;
  /** Those who have no meeting yet. */
  readonly #guests = new Set<Guest>();
  #leaving = false;
  readonly #meetings = new Map<string, OpenMeeting>();
  /** Meetings that are being read again. */
  readonly #reviving = new Map<string, Promise<void>>();
  readonly #finishing = new Set<Promise<void>>();
  /** What the meetings that go on were called by those who asked for them. */
  readonly #wishes = new Set<string>();
  readonly #room = new WaitingRoom<Guest>((meeting) => this.#wishes.has(meeting));
  readonly #delays: ReturnType<typeof createDelays>;
  readonly #watchfulness: Watchfulness;
  readonly #control: ControlServer | undefined;
  #ports = { a: 0, b: 0 };

  constructor(settings: RelaySettings, environment: RelayEnvironment) {
    this.#settings = settings;
    this.#environment = { clock: systemClock, random: Math.random, createTranscriptWriter, ...environment };
    this.#delays = createDelays(settings.rate, this.#environment.clock);
    this.#watchfulness = new Watchfulness(settings.watchfulness);
    const { transcripts, control = true, maxFrameBytes } = settings;
    const onRefused = (detail: string): void => this.#environment.log.info({}, detail);
    if (transcripts !== undefined && control) this.#control = new ControlServer({ maxFrameBytes, onRefused });
    this.#limits = settings.limits ?? usualLimits;
    this.#admission = new Admission(this.#limits, this.#environment.clock);
    this.#listeners = { a: this.#createListener('a'), b: this.#createListener('b') };
  }

  /** Resolves with the ports in use. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
  async listen(): Promise<{ readonly [seat in Seat]: number }> {
    const ports = this.#ports;
    try {
      for (const seat of seats) ports[seat] = await listenOn(this.#listeners[seat], this.#settings, seat);
    } catch (error) {
      for (const seat of seats) this.#listeners[seat].close();
      throw error;
    }
    await this.#listenForModerators();
    await this.#reviveAll();
    return ports;
  }

  /** Asks every meeting to come to its end politely, and begins no other. */
  sayGoodbye(): void {
    this.#leaving = true;
    for (const guest of this.#guests) guest.dismiss(shuttingDown());
    for (const { meeting } of this.#meetings.values()) meeting.sayGoodbye();
  }

  get meetings(): number {
    return this.#meetings.size;
  }

  /** Accepts no more, ends what goes on, and resolves when all of it is written and closed. */
  async close(): Promise<void> {
    const closed = this.#stopListening();
    for (const { meeting } of [...this.#meetings.values()])
      meeting.stop('stopped', 'the proxy was shut down');
    await this.finish();
    this.#control?.close();
    await closed;
  }

  /**
   * As `close`, but messages that are being written may come to their end, for `limitMs` at most. With
   * `handOver` the meetings are not ended: their agents are sent away, to come back to the next proxy.
   */
  async shutDown(limitMs: number, handOver = false): Promise<void> {
    const closed = this.#stopListening();
    const ended = [...this.#meetings.values()].map(
      ({ meeting, release }) =>
        new Promise<void>((resolve) => {
          meeting.leaveAfterTurn(limitMs, () => {
            if (handOver) release();
            else meeting.stop('stopped', 'the proxy was shut down');
            resolve();
          });
        }),
    );
    await Promise.race([Promise.all(ended), this.#untilNoMeetings()]);
    await this.finish();
    this.#control?.close();
    await closed;
  }

  /** Resolves when the transcripts of all meetings that have ended are written. */
  async finish(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  /** A proxy without it is better than none. */
  async #listenForModerators(): Promise<void> {
    await this.#control?.listen().catch((error: unknown) => {
      this.#environment.log.warn({ error }, `no meeting can be moderated: ${messageOf(error)}`);
    });
  }

  #createListener(seat: Seat): net.Server {
    const { maxFrameBytes, classicIdleMs, greetingMs, tls } = this.#settings;
    const { clock, log } = this.#environment;
    return createDoor({
      admission: this.#admission,
      tls,
      handshakeMs: greetingMs,
      onVisitor: (socket, visit) => {
        const guest = new Guest(seat, socket, {
          maxFrameBytes,
          classicIdleMs,
          greetingMs,
          clock,
          visit,
          onGreeting: (guest, greeting) => this.#receive(guest, greeting),
          onGone: (guest, detail) => this.#forget(guest, detail),
        });
        this.#guests.add(guest);
        if (this.#leaving) guest.dismiss(shuttingDown());
        return () => guest.drop();
      },
      onRefused: (address, detail) => log.debug?.({ seat, address }, `${address} is not let in: ${detail}`),
    });
  }

  #receive(guest: Guest, greeting: Greeting): void {
    const { token, tokens } = this.#settings;
    // Nothing is told before this.
    if (!isSameSecret(greeting.token ?? '', tokens?.[guest.seat] || token)) {
      return guest.denyToken(badToken(), greeting.token);
    }
    if (this.#leaving) throw shuttingDown();
    guest.prove();
    const { secret, meeting } = greeting;
    if (secret !== undefined) return void this.#takeBack(guest, meeting ?? '', secret);
    if (this.#watchfulness.needsLoading(greeting.participant)) return void this.#seatLater(guest, greeting);
    this.#seat(guest, greeting);
  }

  /** What reads along is loaded with the first one who needs it. */
  async #seatLater(guest: Guest, greeting: Greeting): Promise<void> {
    try {
      await this.#watchfulness.load();
      if (!this.#guests.has(guest)) return;
      if (this.#leaving) throw shuttingDown();
      this.#seat(guest, greeting);
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#environment.log.warn({ error }, messageOf(error));
      guest.dismiss(error instanceof ProtocolError ? error : shuttingDown());
      this.#forget(guest, messageOf(error));
    }
  }

  #seat(guest: Guest, { participant, meeting }: Greeting): void {
    if (this.#meetings.size >= this.#limits.meetings) throw busy();
    const pair = this.#room.enter(guest, meeting);
    if (!pair && this.#room.size > this.#limits.waiting) {
      this.#room.leave(guest);
      throw busy();
    }
    this.#environment.log.info(
      { seat: guest.seat, address: guest.address },
      `${participant.name} sits down (seat ${guest.seat})`,
    );
    if (pair) this.#hold(pair);
  }

  /** Gives somebody who lost the connection the seat back. */
  async #takeBack(guest: Guest, id: string, secret: string): Promise<void> {
    try {
      if (!this.#meetings.has(id)) await this.#revive(id);
      const open = this.#meetings.get(id);
      const isHeld = (): boolean => open?.meeting.isHeldBy(guest.seat, secret) === true;
      if (!open?.record.folder || !isHeld()) throw noSeat();
      const view = await recall(journalOf(open.record.folder), guest.seat, open.record, isHeld);
      if (!view || !isHeld()) throw noSeat();
      // Gone again while the journal was read.
      if (!this.#guests.delete(guest)) return;
      guest.join(open.meeting);
      open.meeting.reseat(guest.peer, view);
      guest.speakUp();
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#environment.log.warn({ error }, messageOf(error));
      guest.dismiss(error instanceof ProtocolError ? error : noSeat());
      this.#forget(guest, messageOf(error));
    }
  }

  #forget(guest: Guest, detail: string): void {
    if (!this.#guests.delete(guest)) return;
    this.#room.leave(guest);
    this.#environment.log.info({ seat: guest.seat }, `a guest on seat ${guest.seat} is gone: ${detail}`);
  }

  #hold(pair: Pair<Guest>): void {
    const { log } = this.#environment;
    this.#guests.delete(pair.a);
    this.#guests.delete(pair.b);
    const peers = { a: pair.a.peer, b: pair.b.peer };
    const names = { a: peers.a.participant.name, b: peers.b.participant.name };
    const wish = pair.meeting ?? this.#newId(names);
    try {
      const record = openRecord(this.#settings.transcripts, wish, this.#recordOptions());
      const places = { a: placeOf(pair.a), b: placeOf(pair.b) };
      const secrets = this.#mayResume(record.folder, [pair.a, pair.b]) ? newSecrets() : undefined;
      if (secrets && record.folder) writeSeatsFile(record.folder, { ports: this.#ports, secrets });
      const { fork } = this.#settings;
      const past = fork?.meeting === wish ? fork.past : undefined;
      const participants = { a: peers.a.participant, b: peers.b.participant };
      const { prices, translator } = this.#environment;
      const execution = this.#environment.execution?.settings;
      const wished = { ...this.#settings, maxMessages: limitAfter(this.#settings.maxMessages, past) };
      const plan = translator && planTranslation(participants);
      const settings: MeetingSettings = {
        ...meetingSettingsOf(wished, prices, participants, execution),
        ...this.#watchfulness.settingsFor(participants),
        ...(translator && plan?.type === 'translate'
          ? {
              translation: {
                provider: translator.provider,
                model: translator.model,
                languages: plan.languages,
              },
            }
          : {}),
      };
      const attention = this.#watchfulness.attentionFor(settings, participants);
      const meeting = this.#open({ wish, record, places, settings, secrets, attention, past });
      log.info({ meeting: meeting.id }, `${names.a} meets ${names.b}: ${meeting.id}`);
      pair.a.join(meeting);
      pair.b.join(meeting);
      meeting.begin();
      for (const seat of seats) {
        const problem = plan?.type === 'unknown' ? plan.problems[seat] : undefined;
        if (problem === undefined) continue;
        log.warn({ meeting: meeting.id, seat }, `${names[seat]} (seat ${seat}) ${problem}`);
        meeting.remark(seat, problem);
      }
      pair.a.speakUp();
      pair.b.speakUp();
    } catch (error) {
      // Whatever went wrong with one meeting is no business of the others.
      if (error instanceof ProtocolError) throw error;
      log.warn({ error }, messageOf(error));
      peers.a.stop('error');
      peers.b.stop('error');
    }
  }

  /** Where nothing is kept, no folder tells that a name is taken. */
  #newId(names: { readonly a: string; readonly b: string }): string {
    const { clock, random } = this.#environment;
    const id = createMeetingId(names, new Date(clock.nowMs()), random);
    if (!this.#meetings.has(id)) return id;
    let count = 2;
    while (this.#meetings.has(`${id}-${count}`)) count++;
    return `${id}-${count}`;
  }

  #open({
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
    const { clock, random, log, software, watch, execution, translator } = this.#environment;
    const { goodbyeMs, drainMs, resumeMs, maxFrameBytes } = this.#settings;
    const { meeting: id, folder } = record;
    const where =
      folder === undefined
        ? {}
        : {
            folder,
            recall: (seat: Seat, isWanted: () => boolean) =>
              recall(journalOf(folder), seat, record, isWanted),
          };
    const runs = execution && settings.execution;
    const participants = { a: places.a.participant, b: places.b.participant };
    const languages = settings.translation?.languages;
    const meeting = new Meeting({
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
      clock,
      random,
      ...(watch ? { watch } : {}),
      ...where,
      ...(attention ? { attention } : {}),
      ...(runs ? { execution: new Execution(execution, { meeting: id, folder, maxFrameBytes }) } : {}),
      ...(languages
        ? {
            translation: new TurnTranslator({ translator, languages, participants, maxFrameBytes, clock }),
          }
        : {}),
      onStopped: (reason, detail) => {
        if (folder !== undefined) removeSeatsFile(folder);
        log.info({ meeting: id, reason, detail }, `${id} ended: ${reason}`);
        close(() => this.#environment.onMeetingEnded?.(id, reason));
      },
    });
    const close = (then: () => void): void => {
      this.#meetings.delete(id);
      this.#control?.remove(id);
      this.#wishes.delete(wish);
      this.#track(record.close().then(then));
    };
    const release = (): void => {
      meeting.handOver(shuttingDown());
      if (folder !== undefined && secrets) writeSeatsFile(folder, { ports: this.#ports, secrets }, 'nobody');
      close(() => {});
    };
    this.#meetings.set(id, { meeting, record, release });
    const names = { a: places.a.name, b: places.b.name };
    if (folder !== undefined) this.#mayModerate(meeting, names, folder);
    this.#wishes.add(wish);
    return meeting;
  }

  #mayModerate(meeting: Meeting, names: { readonly [seat in Seat]: string }, folder: string): void {
    try {
      this.#control?.add(meeting, names, folder);
    } catch (error) {
      this.#environment.log.warn({ error }, `${meeting.id} cannot be moderated: ${messageOf(error)}`);
    }
  }

  /** Goes on with the meetings that were interrupted. */
  async #reviveAll(): Promise<void> {
    const { resume, transcripts } = this.#settings;
    if (transcripts === undefined || resume === 'none') return;
    const names = resume === 'all' ? namesIn(transcripts) : resume;
    for (const name of names) {
      await this.#revive(name).catch((error: unknown) => {
        this.#environment.log.warn({ error }, `${name} cannot be gone on with: ${messageOf(error)}`);
      });
    }
  }

  #revive(id: string): Promise<void> {
    const { transcripts, resume } = this.#settings;
    const isWanted = resume === 'all' || resume.includes(id);
    if (transcripts === undefined || !isWanted || !isMeetingName(id)) return Promise.resolve();
    const running = this.#reviving.get(id);
    if (running) return running;
    const reviving = this.#readAgain(id, path.join(transcripts, id)).finally(() => this.#reviving.delete(id));
    this.#reviving.set(id, reviving);
    return reviving;
  }

  async #readAgain(id: string, folder: string): Promise<void> {
    const { log } = this.#environment;
    const file = readSeatsFile(folder);
    if (!file || this.#meetings.has(id) || isHeld(file)) return;
    const { secrets } = file;
    writeSeatsFile(folder, { ports: this.#ports, secrets });
    const builder = new MemoryBuilder();
    await this.#watchfulness.load();
    let attention: Attention | undefined;
    const { recovered, reopen } = await recoverRecord(
      folder,
      (event) => {
        builder.add(event);
        if (event.type !== 'meeting') attention?.recall(event);
        else attention = this.#watchfulness.attentionFor(event.settings, event.seats);
      },
      this.#recordOptions(),
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
    if (!memory || this.#leaving) return memory ? undefined : removeSeatsFile(folder);
    const place = (seat: Seat): Place =>
      new Place({
        seat,
        participant: memory.seats[seat],
        dialect: memory.dialects[seat],
        features: ['note', 'history'],
      });
    const places = { a: place('a'), b: place('b') };
    const { settings } = memory;
    const meeting = this.#open({ wish: id, record: reopen(), places, settings, secrets, attention });
    log.info({ meeting: id }, `${id} goes on after ${memory.turns} turns, when its agents come back`);
    meeting.goOn(memory);
  }

  #recordOptions(): RecordOptions {
    const { clock, log, createTranscriptWriter } = this.#environment;
    const onError = (error: unknown): void => log.warn({}, messageOf(error));
    return { ...this.#settings.journal, clock, createTranscriptWriter, onError };
  }

  #mayResume(folder: string | undefined, guests: readonly Guest[]): boolean {
    if (folder === undefined || this.#settings.resumeMs === 0) return false;
    return guests.some(({ peer }) => peer.wants('history'));
  }

  #stopListening(): Promise<unknown> {
    this.#leaving = true;
    const closed = seats.map(
      (seat) => new Promise<void>((resolve) => this.#listeners[seat].close(() => resolve())),
    );
    for (const guest of this.#guests) guest.dismiss(shuttingDown());
    return Promise.all(closed);
  }

  async #untilNoMeetings(): Promise<void> {
    while (this.#meetings.size > 0) {
      await new Promise<void>((resolve) => this.#environment.clock.after(20, resolve));
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}

interface OpenMeeting {
  readonly meeting: Meeting;
  readonly record: OpenRecord;
  /** Gives it up without ending it, for another proxy to go on with. */
  readonly release: () => void;
}

function placeOf({ seat, peer }: Guest): Place {
  const { participant, dialect, features } = peer.greeting;
  const place = new Place({ seat, participant, dialect, features });
  place.attach(peer);
  return place;
}

/** A fork may go on for as many messages as any other meeting. */
function limitAfter(maxMessages: number, past: Past | undefined): number {
  return maxMessages === 0 || !past ? maxMessages : maxMessages + messagesOf(past.memory);
}

/** 128 bits each: nobody guesses them. */
function newSecrets(): SeatsFile['secrets'] {
  return { a: randomBytes(16).toString('hex'), b: randomBytes(16).toString('hex') };
}

function namesIn(transcripts: string): string[] {
  try {
    return readdirSync(transcripts).filter(isMeetingName);
  } catch {
    return [];
  }
}
