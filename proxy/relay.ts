import net from 'node:net';
import { createMeetingId } from '../journal/meeting-id.ts';
import { systemClock, type Clock } from '../wire/clock.ts';
import { ColloquyError, messageOf, ProtocolError } from '../wire/errors.ts';
import type { Greeting } from '../wire/greeting.ts';
import { isSameSecret } from '../wire/secret.ts';
import { seats, type Seat, type StopReason } from '../wire/types.ts';
import { Guest } from './guest.ts';
import { Meeting } from './meeting.ts';
import { WaitingRoom, type Pair } from './pairing.ts';
import { Execution, type ExecutionOptions } from './execution.ts';
import { createDelays, type RateSettings } from './delays.ts';
import { openRecord } from './record.ts';
import type { MeetingSettings } from '../journal/event.ts';
import type { Viewer } from './viewer.ts';

export interface RelaySettings extends MeetingSettings {
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
  readonly rate: RateSettings;
  /** Folder of the journals and transcripts; undefined: nothing is kept. */
  readonly transcripts: string | undefined;
}

export interface RelayEnvironment {
  readonly software: string;
  readonly watch: Viewer;
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  readonly onMeetingEnded?: (meeting: string, reason: StopReason) => void;
  /** Has the code run that agents write. */
  readonly execution?: ExecutionOptions;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * Two listeners. Whoever connects to port A and whoever connects to port B are paired, and hold a meeting
 * until it ends; then the next ones do. Many meetings at a time, and none knows of another.
 */
export class Relay {
  readonly #settings: RelaySettings;
  readonly #environment: Required<Omit<RelayEnvironment, 'onMeetingEnded' | 'execution'>> & RelayEnvironment;
  readonly #listeners: { readonly [seat in Seat]: net.Server };
  /** Those who have no meeting yet. */
  readonly #guests = new Set<Guest>();
  #leaving = false;
  readonly #meetings = new Map<string, Meeting>();
  readonly #finishing = new Set<Promise<void>>();
  readonly #room = new WaitingRoom<Guest>((meeting) => this.#meetings.has(meeting));
  readonly #delays: ReturnType<typeof createDelays>;

  constructor(settings: RelaySettings, environment: RelayEnvironment) {
    this.#settings = settings;
    this.#environment = { clock: systemClock, random: Math.random, ...environment };
    this.#delays = createDelays(settings.rate, this.#environment.clock);
    this.#listeners = { a: this.#createListener('a'), b: this.#createListener('b') };
  }

  /** Resolves with the ports in use. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
  async listen(): Promise<{ readonly [seat in Seat]: number }> {
    const ports = { a: 0, b: 0 };
    try {
      for (const seat of seats) ports[seat] = await listenOn(this.#listeners[seat], this.#settings, seat);
    } catch (error) {
      for (const seat of seats) this.#listeners[seat].close();
      throw error;
    }
    return ports;
  }

  /** Asks every meeting to come to its end politely, and begins no other. */
  sayGoodbye(): void {
    this.#leaving = true;
    for (const guest of this.#guests) guest.dismiss(shuttingDown());
    for (const meeting of this.#meetings.values()) meeting.sayGoodbye();
  }

  get meetings(): number {
    return this.#meetings.size;
  }

  /** Accepts no more, ends what goes on, and resolves when all of it is written and closed. */
  async close(): Promise<void> {
    const closed = seats.map(
      (seat) => new Promise<void>((resolve) => this.#listeners[seat].close(() => resolve())),
    );
    for (const meeting of [...this.#meetings.values()]) meeting.stop('stopped', 'the proxy was shut down');
    for (const guest of this.#guests) guest.dismiss(shuttingDown());
    await this.finish();
    await Promise.all(closed);
  }

  /** Resolves when the transcripts of all meetings that have ended are written. */
  async finish(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  #createListener(seat: Seat): net.Server {
    return net.createServer({ allowHalfOpen: true }, (socket) => {
      const { maxFrameBytes, classicIdleMs, greetingMs } = this.#settings;
      const guest = new Guest(seat, socket, {
        maxFrameBytes,
        classicIdleMs,
        greetingMs,
        clock: this.#environment.clock,
        onGreeting: (guest, greeting) => this.#receive(guest, greeting),
        onGone: (guest, detail) => this.#forget(guest, detail),
      });
      this.#guests.add(guest);
    });
  }

  #receive(guest: Guest, greeting: Greeting): void {
    if (this.#leaving) throw shuttingDown();
    if (!isSameSecret(greeting.token ?? '', this.#settings.token)) {
      throw new ProtocolError('bad-token', 'this proxy asks for a token, and that is not it');
    }
    const pair = this.#room.enter(guest, greeting.meeting);
    const { log } = this.#environment;
    log.info(
      { seat: guest.seat, address: guest.address },
      `${greeting.participant.name} sits down (seat ${guest.seat})`,
    );
    if (pair) this.#hold(pair);
  }

  #forget(guest: Guest, detail: string): void {
    if (!this.#guests.delete(guest)) return;
    this.#room.leave(guest);
    this.#environment.log.info({ seat: guest.seat }, `a guest on seat ${guest.seat} is gone: ${detail}`);
  }

  #hold(pair: Pair<Guest>): void {
    const { clock, random, log, software, watch, execution } = this.#environment;
    this.#guests.delete(pair.a);
    this.#guests.delete(pair.b);
    const peers = { a: pair.a.peer, b: pair.b.peer };
    const names = { a: peers.a.participant.name, b: peers.b.participant.name };
    const wish = pair.meeting ?? createMeetingId(names, new Date(clock.nowMs()), random);
    try {
      const record = openRecord(this.#settings.transcripts, wish, clock, (error) =>
        log.warn({}, messageOf(error)),
      );
      const { hello, first, maxMessages, maxSeconds, goodbyeMs, drainMs, maxFrameBytes } = this.#settings;
      const meeting = new Meeting({
        id: record.meeting,
        peers,
        settings: {
          hello,
          first,
          maxMessages,
          maxSeconds,
          ...(execution ? { execution: execution.settings } : {}),
        },
        software,
        goodbyeMs,
        drainMs,
        maxFrameBytes,
        delays: this.#delays.forPair(peers),
        record,
        clock,
        random,
        watch,
        ...(record.folder === undefined ? {} : { folder: record.folder }),
        ...(execution
          ? {
              execution: new Execution(execution, {
                meeting: record.meeting,
                folder: record.folder,
                maxFrameBytes,
              }),
            }
          : {}),
        onStopped: (reason, detail) => {
          this.#meetings.delete(wish);
          log.info({ meeting: record.meeting, reason, detail }, `${record.meeting} ended: ${reason}`);
          this.#track(record.close().then(() => this.#environment.onMeetingEnded?.(record.meeting, reason)));
        },
      });
      this.#meetings.set(wish, meeting);
      log.info({ meeting: record.meeting }, `${names.a} meets ${names.b}: ${record.meeting}`);
      pair.a.join(meeting);
      pair.b.join(meeting);
      meeting.begin();
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

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}

function shuttingDown(): ProtocolError {
  return new ProtocolError('shutting-down', 'the proxy is shutting down');
}

function listenOn(
  server: net.Server,
  { host, ports, freePorts }: RelaySettings,
  seat: Seat,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let port = ports[seat];
    server.on('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      if (taken && freePorts && port !== 0) {
        port = 0;
        return listen();
      }
      const why = taken
        ? 'is taken; stop what listens there or choose another with'
        : `cannot be used (${error.code}); see`;
      const message = `port ${port} on ${host} ${why} --port-${seat}`;
      reject(new ColloquyError(message, { code: taken ? 'port-taken' : 'cannot-listen', cause: error }));
    });
    // A crowd may arrive at once; the system cuts this down to what it allows.
    const listen = (): unknown => server.listen({ host, port, backlog: 4_096 });
    server.on('listening', () => resolve((server.address() as net.AddressInfo).port));
    listen();
  });
}
