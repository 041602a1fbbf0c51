import { costOf, priceOfSeat } from '../../journal/cost.ts';
import { OutlineBuilder } from '../../journal/conversation.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { isEmptyTurn } from '../../journal/flag.ts';
import { journalItems } from '../../journal/read.ts';
import { Pace } from '../../journal/render/turnstile.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import type { TurnMeta } from '../../wire/types.ts';
import type { Series, SeriesPoint } from '../archive-api.ts';

/** The turns of a meeting in figures, for charts and tables. Rejects with the system's error. */
export async function readSeries(journal: string, meeting: string): Promise<Series> {
  const builder = new SeriesBuilder(meeting);
  const pace = new Pace();
  for await (const item of journalItems(journal)) {
    if (item.type === 'event') builder.add(item.event);
    await pace.rest();
  }
  return builder.series;
}

/** Adds up a meeting, event by event. */
export class SeriesBuilder {
  readonly #outline: OutlineBuilder;
  readonly #points: SeriesPoint[] = [];
  readonly #byTurn = new Map<number, SeriesPoint>();
  #costSoFar = 0;
  #isFlagged = false;

  constructor(meeting: string) {
    this.#outline = new OutlineBuilder(meeting);
  }

  get series(): Series {
    const { seats, settings } = this.#outline.outline;
    const isPriced = (seat: 'a' | 'b'): boolean =>
      priceOfSeat(settings, seats, seat) !== undefined || seats[seat].provider === undefined;
    return {
      names: { a: seats.a.name, b: seats.b.name },
      points: this.#points,
      isPriced: { a: isPriced('a'), b: isPriced('b') },
    };
  }

  add(event: JournalEvent): void {
    if (event.type === 'meeting') {
      this.#outline.add({ type: 'event', event, next: { offset: 0, line: 1 } });
      this.#isFlagged = event.settings.flags === true;
    }
    if (event.type === 'control' || event.type === 'lost') this.#pay(event.seat, event.meta);
    if (event.type === 'turn') this.#addTurn(event);
    if (event.type === 'flag' && event.turn !== undefined) {
      this.#byTurn.get(event.turn)?.flags.push(event.flag);
    }
    if (event.type === 'result') {
      const point = this.#byTurn.get(event.turn);
      if (!point || event.outcome === 'refused' || event.outcome === 'unavailable') return;
      point.ran++;
      if (event.outcome !== 'ok') point.failed++;
    }
  }

  #addTurn(event: Extract<JournalEvent, { type: 'turn' }>): void {
    const { turn, seat, t, text, meta } = event;
    const cost = this.#pay(seat, meta);
    const usage = meta?.usage;
    const isEmpty = !this.#isFlagged && isEmptyTurn(text, meta?.finish);
    const point: SeriesPoint = {
      ...{ turn, seat, t, begins: beginningOf(text), characters: text.length },
      ...(meta?.ms === undefined ? {} : { ms: meta.ms }),
      ...(usage ? { input: usage.input, output: usage.output, cached: usage.cached } : {}),
      ...(cost === undefined ? {} : { cost }),
      costSoFar: this.#costSoFar,
      flags: isEmpty ? ['empty'] : [],
      ran: 0,
      failed: 0,
      isInherited: event.inherited === true,
      isModerator: event.by === 'moderator',
    };
    this.#points.push(point);
    this.#byTurn.set(turn, point);
  }

  #pay(seat: 'a' | 'b', meta: TurnMeta | undefined): number | undefined {
    const { seats, settings } = this.#outline.outline;
    const price = priceOfSeat(settings, seats, seat);
    if (!price || !meta?.usage) return undefined;
    const cost = costOf(meta.usage, price);
    this.#costSoFar += cost;
    return cost;
  }
}

const longestBeginning = 120;

function beginningOf(text: string): string {
  const line = visibleLine(text.slice(0, longestBeginning * 4).trim());
  const characters = [...line];
  return characters.length > longestBeginning ? `${characters.slice(0, longestBeginning).join('')}…` : line;
}
