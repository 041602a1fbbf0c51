import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import { findPrice, type PriceList } from '../config/prices.ts';
import { costOf, freePrice, isFree } from '../journal/cost.ts';
import { journalFileName } from '../journal/journal.ts';
import type { UsageTable } from '../journal/usage-table.ts';
import type { RelayFigures } from '../proxy/relay.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import { seats, stopReasons, type Participant, type Seat, type Usage } from '../wire/types.ts';
import { BoundedLabels, type SpeakerLabels } from './bounded-labels.ts';
import { isHeldBack, isRateLimited } from './statuses.ts';

interface Running {
  readonly seats: { readonly [seat in Seat]: Participant };
  /** How many turns were seen here. */
  turns: number;
  /** Tokens that were counted, by the seat. */
  readonly counted: { [seat in Seat]: Usage };
  /** When it became that seat's turn. */
  readonly askedAtMs: Map<Seat, number>;
}

const nothing: Usage = { input: 0, output: 0, cached: 0, stored: 0 };

/** An answer takes from a tenth of a second to a few minutes. */
const answerBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320];
const runBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts what happens in meetings, out of what viewers are told. */
export class MeetingMetrics {
  readonly #meter: Meter;
  readonly #prices: PriceList | undefined;
  readonly #labels = new BoundedLabels();
  readonly #running = new Map<string, Running>();
  /** Where the meetings are kept whose journals still grow. */
  readonly #folders = new Map<string, string>();
  /** Of the journals of meetings that have ended. */
  #journalBytes = 0;
  readonly #started: Counter;
  readonly #ended: Counter;
  readonly #turns: Counter;
  readonly #messages: Counter;
  readonly #bytes: Counter;
  readonly #tokens: Counter;
  readonly #cost: Counter;
  readonly #answers: Histogram;
  readonly #waits: Counter;
  readonly #runs: Counter;
  readonly #runSeconds: Histogram;
  readonly #flags: Counter;

  constructor(meter: Meter, prices: PriceList | undefined) {
    this.#meter = meter;
    this.#prices = prices;
    const counter = (name: string, description: string): Counter =>
      meter.createCounter(`colloquy_${name}_total`, { description });
    const histogram = (name: string, description: string, boundaries: number[]): Histogram =>
      meter.createHistogram(`colloquy_${name}_seconds`, {
        description,
        advice: { explicitBucketBoundaries: boundaries },
      });
    this.#started = counter('meetings_started', 'Meetings that began, or were gone on with.');
    this.#ended = counter('meetings_ended', 'Meetings that ended, by the reason.');
    this.#turns = counter('turns', 'Turns, by who wrote them.');
    this.#messages = counter('messages', 'Messages of agents: turns, and control words that came alone.');
    this.#bytes = counter('message_bytes', 'UTF-8 bytes of turns.');
    this.#tokens = counter(
      'tokens',
      'Tokens as providers reported them; cached and stored are part of input.',
    );
    this.#cost = counter('cost_dollars', 'US dollars, as far as prices are known.');
    this.#answers = histogram(
      'answer',
      'From the moment a message was passed on to its answer.',
      answerBoundaries,
    );
    this.#waits = counter('rate_limit_waits', 'Waits for a rate limit: of the relay, or of a provider.');
    this.#runs = counter('code_runs', 'Blocks of code, by what became of them.');
    this.#runSeconds = histogram('code_run', 'What a block took to run.', runBoundaries);
    this.#flags = counter('flags', 'What made meetings doubtful.');
    this.#observeMeetings();
    this.#beginAtZero();
  }

  watch(event: ViewerEvent): void {
    if (event.type === 'paired') return this.#begin(event);
    const running = this.#running.get(event.meeting);
    if (!running) return;
    switch (event.type) {
      case 'thinking':
        running.askedAtMs.set(event.seat, performance.now());
        return;
      case 'turn':
        return this.#countTurn(running, event);
      case 'control':
        this.#messages.add(1, { seat: event.seat, type: 'control' });
        return;
      case 'status':
        if (isRateLimited(event.text)) this.#waits.add(1, { source: 'provider' });
        if (isHeldBack(event.text)) this.#waits.add(1, { source: 'relay' });
        return;
      case 'result': {
        const { kind, outcome, tier = 'none', ms } = event;
        this.#runs.add(1, { kind, outcome, tier });
        if (tier !== 'none') this.#runSeconds.record(ms / 1_000, { kind });
        return;
      }
      case 'translation':
        if (event.usage) this.#count(event, event.usage);
        return;
      case 'flag':
        this.#flags.add(1, { flag: event.flag });
        return;
      case 'stopped':
        return void this.#end(running, event);
      default:
        return;
    }
  }

  observe(figures: () => RelayFigures): void {
    const gauge = (name: string, description: string, read: (figures: RelayFigures) => number): void =>
      this.#meter
        .createObservableGauge(`colloquy_${name}`, { description })
        .addCallback((result) => result.observe(read(figures())));
    gauge('connections', 'Connections to both ports.', ({ connections }) => connections);
    gauge('strangers', 'Connections that have not greeted yet.', ({ strangers }) => strangers);
    gauge('waiting_seats', 'Agents that have greeted and wait for a partner.', ({ waiting }) => waiting);
    this.#meter
      .createObservableCounter('colloquy_refused_connections_total', {
        description: 'Connections that came to no meeting because they were refused, by the reason.',
      })
      .addCallback((result) => {
        for (const [reason, count] of figures().refused) result.observe(count, { reason });
      });
  }

  #begin({ meeting, seats: participants, folder }: Extract<ViewerEvent, { type: 'paired' }>): void {
    this.#started.add(1);
    const counted = { a: nothing, b: nothing };
    this.#running.set(meeting, { seats: participants, turns: 0, counted, askedAtMs: new Map() });
    if (folder !== undefined) this.#folders.set(meeting, folder);
  }

  #countTurn(running: Running, { seat, text, meta, by }: Extract<ViewerEvent, { type: 'turn' }>): void {
    const participant = running.seats[seat];
    running.turns++;
    this.#turns.add(1, {
      seat,
      ...(by === 'moderator'
        ? { provider: 'human', model: 'none' }
        : { ...this.#labels.speaker(participant) }),
    });
    this.#messages.add(1, { seat, type: 'turn' });
    this.#bytes.add(Buffer.byteLength(text), { seat });
    const askedAtMs = running.askedAtMs.get(seat);
    running.askedAtMs.delete(seat);
    if (askedAtMs !== undefined) this.#answers.record((performance.now() - askedAtMs) / 1_000, { seat });
    if (!meta?.usage) return;
    running.counted[seat] = sum(running.counted[seat], meta.usage);
    this.#count(participant, meta.usage);
  }

  #count(speaker: Pick<Participant, 'provider' | 'model'>, usage: Usage): void {
    const labels: SpeakerLabels = this.#labels.speaker(speaker);
    const { input, output, cached, stored = 0 } = usage;
    for (const [type, count] of Object.entries({ input, output, cached, stored })) {
      if (count > 0) this.#tokens.add(count, { ...labels, type });
    }
    const { provider, model } = speaker;
    const known = this.#prices && findPrice(this.#prices, provider, model);
    const price = known ?? (isFree(provider) ? freePrice : undefined);
    if (price) this.#cost.add(costOf(usage, price), { ...labels });
  }

  async #end(running: Running, event: Extract<ViewerEvent, { type: 'stopped' }>): Promise<void> {
    this.#ended.add(1, { reason: event.reason });
    if (event.usage && running.turns === event.turns) this.#countRest(running, event.usage);
    this.#running.delete(event.meeting);
    const folder = this.#folders.get(event.meeting);
    const bytes = folder === undefined ? 0 : await bytesOf(folder);
    // In one step: whoever asks in between must not see the sum fall.
    this.#folders.delete(event.meeting);
    this.#journalBytes += bytes;
  }

  /** What no turn brought: attempts that came to nothing, and the bill of a control word. */
  #countRest({ seats: participants, counted }: Running, { speakers }: UsageTable): void {
    for (const seat of seats) {
      const { usage } = speakers[seat];
      const rest = usage && difference(usage, counted[seat]);
      if (rest && rest.input + rest.output > 0) this.#count(participants[seat], rest);
    }
  }

  #observeMeetings(): void {
    this.#meter
      .createObservableGauge('colloquy_meetings_running', { description: 'Meetings that go on.' })
      .addCallback((result) => result.observe(this.#running.size));
    this.#meter
      .createObservableCounter('colloquy_journal_bytes_total', {
        description: 'Bytes of the journals of the meetings that were held here.',
      })
      .addCallback(async (result) => {
        const folders = [...this.#folders];
        const before = this.#journalBytes;
        const sizes = await Promise.all(folders.map(([, folder]) => bytesOf(folder)));
        result.observe(sizes.reduce((all, size) => all + size, before));
      });
  }

  /** A counter that is not there until something happens cannot be seen to rise. */
  #beginAtZero(): void {
    this.#started.add(0);
    for (const reason of stopReasons) this.#ended.add(0, { reason });
    for (const source of ['relay', 'provider']) this.#waits.add(0, { source });
    for (const seat of seats) {
      this.#bytes.add(0, { seat });
      for (const type of ['turn', 'control']) this.#messages.add(0, { seat, type });
    }
  }
}

async function bytesOf(folder: string): Promise<number> {
  return stat(path.join(folder, journalFileName)).then(
    ({ size }) => size,
    () => 0,
  );
}

function sum(one: Usage, other: Usage): Usage {
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cached: one.cached + other.cached,
    stored: (one.stored ?? 0) + (other.stored ?? 0),
  };
}

function difference(all: Usage, part: Usage): Usage {
  return {
    input: Math.max(0, all.input - part.input),
    output: Math.max(0, all.output - part.output),
    cached: Math.max(0, all.cached - part.cached),
    stored: Math.max(0, (all.stored ?? 0) - (part.stored ?? 0)),
  };
}
