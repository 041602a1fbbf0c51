import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import type { MeetingSettings } from '../journal/event.ts';
import { telemetry } from '../telemetry/telemetry.ts';
import { messageOf, ProtocolError } from '../wire/errors.ts';
import type { Greeting } from '../wire/greeting.ts';
import { isSameSecret } from '../wire/secret.ts';
import { seats, type Seat } from '../wire/types.ts';
import { Admission } from './admission.ts';
import { ControlServer } from './control.ts';
import { createDoor } from './door.ts';
import { Guest } from './guest.ts';
import { listenOn } from './listen.ts';
import { meetingSettingsOf } from './meeting-settings.ts';
import { Meetings } from './meetings.ts';
import { WaitingRoom, type Pair } from './pairing.ts';
import type { Past } from './past.ts';
import { Place } from './place.ts';
import { recall } from './recall.ts';
import { journalOf, openRecord } from './record.ts';
import { badToken, busy, noSeat, replaced, shuttingDown } from './refusals.ts';
import {
  surroundingsOf,
  usualLimits,
  type RelayEnvironment,
  type RelayLimits,
  type RelaySettings,
  type Surroundings,
} from './relay-settings.ts';
import { Revival } from './revival.ts';
import { writeSeatsFile, type SeatsFile } from './seats-file.ts';
import { messagesOf } from './stop-rules.ts';
import { planTranslation } from './translation.ts';
import { Watchfulness } from './watchfulness.ts';

/** Who is connected, and who was not let in. */
export interface RelayFigures {
  readonly connections: number;
  /** Of them, those that have not greeted yet. */
  readonly strangers: number;
  /** Agents that have greeted and have no partner yet. */
  readonly waiting: number;
  /** How many were refused, by the code of the `/error`. */
  readonly refused: ReadonlyMap<string, number>;
}

/**
 * Two listeners. Whoever connects to port A and whoever connects to port B are paired, and hold a meeting
 * until it ends; then the next ones do. Many meetings at a time, and none knows of another.
 */
export class Relay {
  readonly #settings: RelaySettings;
  readonly #surroundings: Surroundings;
  readonly #listeners: { readonly [seat in Seat]: net.Server };
  readonly #limits: RelayLimits;
  readonly #admission: Admission;
  /** Those who have no meeting yet. */
  readonly #guests = new Set<Guest>();
  readonly #refused = new Map<string, number>();
  #leaving = false;
  readonly #ports = { a: 0, b: 0 };
  readonly #watchfulness: Watchfulness;
  readonly #control: ControlServer | undefined;
  readonly #meetings: Meetings;
  readonly #revival: Revival;
  /** Those who connect know nothing of what this relay is a part of. */
  readonly #withinOwner = telemetry()?.here() ?? ((work: () => void) => work());
  readonly #room = new WaitingRoom<Guest>((meeting) => this.#meetings.isWished(meeting));

  constructor(settings: RelaySettings, environment: RelayEnvironment) {
    this.#settings = settings;
    this.#surroundings = surroundingsOf(environment);
    this.#watchfulness = new Watchfulness(settings.watchfulness);
    const { transcripts, control = true, maxFrameBytes } = settings;
    const onRefused = (detail: string): void => this.#surroundings.log.info({}, detail);
    if (transcripts !== undefined && control) this.#control = new ControlServer({ maxFrameBytes, onRefused });
    const parts = { settings, surroundings: this.#surroundings, ports: this.#ports };
    this.#meetings = new Meetings({ ...parts, control: this.#control });
    this.#revival = new Revival({
      ...parts,
      watchfulness: this.#watchfulness,
      meetings: this.#meetings,
      isLeaving: () => this.#leaving,
    });
    this.#limits = settings.limits ?? usualLimits;
    this.#admission = new Admission(this.#limits, this.#surroundings.clock);
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
    await this.#revival.reviveAll();
    return ports;
  }

  /** Asks every meeting to come to its end politely, and begins no other. */
  sayGoodbye(): void {
    this.#leaving = true;
    for (const guest of this.#guests) guest.dismiss(shuttingDown());
    for (const { meeting } of this.#meetings.all) meeting.sayGoodbye();
  }

  get meetings(): number {
    return this.#meetings.size;
  }

  get figures(): RelayFigures {
    const { connections, strangers } = this.#admission;
    return { connections, strangers, waiting: this.#room.size, refused: this.#refused };
  }

  /** Accepts no more, ends what goes on, and resolves when all of it is written and closed. */
  async close(): Promise<void> {
    const closed = this.#stopListening();
    for (const { meeting } of this.#meetings.all) meeting.stop('stopped', 'the proxy was shut down');
    await this.finish();
    this.#control?.close();
    await closed;
  }

  /**
   * As `close`, but messages that are being written may come to their end, for `limitMs` at most. With
   * `handOver` the meetings are not ended: their agents are sent away, to come back to the next proxy.
   */
  async shutDown(limitMs: number, handOver = false, detail = 'the proxy was shut down'): Promise<void> {
    const closed = this.#stopListening();
    const ended = this.#meetings.all.map(
      ({ meeting, release }) =>
        new Promise<void>((resolve) => {
          meeting.leaveAfterTurn(limitMs, () => {
            if (handOver) release();
            else meeting.stop('stopped', detail);
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
    await this.#meetings.finish();
  }

  /** A proxy without it is better than none. */
  async #listenForModerators(): Promise<void> {
    await this.#control?.listen().catch((error: unknown) => {
      this.#surroundings.log.warn({ error }, `no meeting can be moderated: ${messageOf(error)}`);
    });
  }

  #createListener(seat: Seat): net.Server {
    const { maxFrameBytes, classicIdleMs, greetingMs, tls } = this.#settings;
    const { clock, log } = this.#surroundings;
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
          onRefused: ({ code }) => this.#countRefusal(code),
          onGone: (guest, detail) => this.#forget(guest, detail),
        });
        this.#guests.add(guest);
        if (this.#leaving) guest.dismiss(shuttingDown());
        return () => guest.drop();
      },
      onRefused: (address, detail) => {
        this.#countRefusal('busy');
        log.debug?.({ seat, address }, `${address} is not let in: ${detail}`);
      },
    });
  }

  #countRefusal(code: string): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
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
    const { claim } = greeting;
    const claimed = claim === undefined ? undefined : this.#meetings.findSeat(guest.seat, claim);
    if (claim !== undefined && claimed !== undefined) return void this.#takeBack(guest, claimed, claim);
    this.#dismissFormer(guest);
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
      if (!(error instanceof ProtocolError)) this.#surroundings.log.warn({ error }, messageOf(error));
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
    this.#surroundings.log.info(
      { seat: guest.seat, address: guest.address },
      `${participant.name} sits down (seat ${guest.seat})`,
    );
    if (pair) this.#withinOwner(() => this.#hold(pair));
  }

  /** Gives somebody who lost the connection the seat back. */
  async #takeBack(guest: Guest, id: string, secret: string): Promise<void> {
    try {
      if (!this.#meetings.get(id)) await this.#revival.revive(id);
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
      if (!(error instanceof ProtocolError)) this.#surroundings.log.warn({ error }, messageOf(error));
      guest.dismiss(error instanceof ProtocolError ? error : noSeat());
      this.#forget(guest, messageOf(error));
    }
  }

  /** Somebody greets again who still waits by a connection that is gone, which nobody has noticed. */
  #dismissFormer(guest: Guest): void {
    if (guest.claim === undefined) return;
    for (const other of this.#guests) {
      if (other === guest || other.seat !== guest.seat || other.claim !== guest.claim) continue;
      other.dismiss(replaced());
      this.#forget(other, 'came back by another connection');
    }
  }

  #forget(guest: Guest, detail: string): void {
    if (!this.#guests.delete(guest)) return;
    this.#room.leave(guest);
    this.#surroundings.log.info({ seat: guest.seat }, `a guest on seat ${guest.seat} is gone: ${detail}`);
  }

  #hold(pair: Pair<Guest>): void {
    const { log } = this.#surroundings;
    this.#guests.delete(pair.a);
    this.#guests.delete(pair.b);
    const peers = { a: pair.a.peer, b: pair.b.peer };
    const names = { a: peers.a.participant.name, b: peers.b.participant.name };
    const wish = pair.meeting ?? this.#meetings.newId(names);
    try {
      const record = openRecord(this.#settings.transcripts, wish, this.#meetings.recordOptions);
      const places = { a: placeOf(pair.a), b: placeOf(pair.b) };
      const secrets = this.#mayResume(record.folder, [pair.a, pair.b]) ? secretsOf(pair) : undefined;
      if (secrets && record.folder) {
        const trace = telemetry()?.traceOf(record.meeting);
        writeSeatsFile(record.folder, { ports: this.#ports, secrets, trace });
      }
      const { fork } = this.#settings;
      const past = fork?.meeting === wish ? fork.past : undefined;
      const participants = { a: peers.a.participant, b: peers.b.participant };
      const { prices, translator } = this.#surroundings;
      const execution = this.#surroundings.execution?.settings;
      const wished = { ...this.#settings, maxMessages: limitAfter(this.#settings.maxMessages, past) };
      const plan = translator && planTranslation(participants);
      const translation =
        translator && plan?.type === 'translate'
          ? { provider: translator.provider, model: translator.model, languages: plan.languages }
          : undefined;
      const settings: MeetingSettings = {
        ...meetingSettingsOf(wished, prices, participants, { execution, translation }),
        ...this.#watchfulness.settingsFor(participants),
      };
      const attention = this.#watchfulness.attentionFor(settings, participants);
      const meeting = this.#meetings.open({ wish, record, places, settings, secrets, attention, past });
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
      await new Promise<void>((resolve) => this.#surroundings.clock.after(20, resolve));
    }
  }
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

/** What each claims, or 128 bits: nobody guesses them. */
function secretsOf({ a, b }: Pair<Guest>): SeatsFile['secrets'] {
  const secretOf = ({ claim }: Guest): string => claim ?? randomBytes(16).toString('hex');
  return { a: secretOf(a), b: secretOf(b) };
}
