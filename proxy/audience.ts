import type { Totals } from '../journal/seat-totals.ts';
import { usageTable } from '../journal/usage-table.ts';
import type { MeetingSettings } from '../journal/event.ts';
import { otherSeat, type Seat, type StopReason } from '../wire/types.ts';
import type { Place } from './place.ts';
import type { Viewer, ViewerEvent } from './viewer.ts';

/** What can be shown of a meeting, which need not be named. */
export type Shown = ViewerEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'meeting'>
    : never
  : never;

export interface AudienceOptions {
  readonly meeting: string;
  readonly places: { readonly [seat in Seat]: Place };
  /** Where the meeting is kept, if it is. */
  readonly folder?: string;
  /** Absent where nobody watches. */
  readonly watch?: Viewer;
  /** Shown the same; for them no message leaves the fast path. */
  readonly onlook?: Viewer;
}

/** Who watches one meeting. Nothing waits for them. */
export class Audience {
  readonly #options: AudienceOptions;

  constructor(options: AudienceOptions) {
    this.#options = options;
  }

  show(event: Shown): void {
    const { watch, onlook, meeting } = this.#options;
    if (!watch && !onlook) return;
    const shown = { ...event, meeting } as ViewerEvent;
    watch?.(shown);
    onlook?.(shown);
  }

  /** Something about a seat that its partner should know as well. */
  showStatus(seat: Seat, text: string): void {
    this.show({ type: 'status', seat, text });
    this.#options.places[otherSeat(seat)].status(text);
  }

  showPaired(): void {
    this.show({ type: 'paired', seats: this.#participants, ...this.#where });
  }

  showStopped(
    why: { readonly reason: StopReason; readonly detail?: string },
    { turns, totals, settings }: { turns: number; totals: Totals; settings: MeetingSettings },
  ): void {
    const usage = usageTable({ seats: this.#participants, totals, settings });
    this.show({ type: 'stopped', ...why, turns, ...this.#where, ...(usage ? { usage } : {}) });
  }

  get #participants(): Extract<ViewerEvent, { type: 'paired' }>['seats'] {
    const { a, b } = this.#options.places;
    return { a: a.participant, b: b.participant };
  }

  get #where(): { folder?: string } {
    const { folder } = this.#options;
    return folder === undefined ? {} : { folder };
  }
}
