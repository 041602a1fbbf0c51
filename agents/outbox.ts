import { encodeControl } from '../wire/message.ts';
import type { TurnMeta } from '../wire/types.ts';

/** More than an agent says before it is answered. */
const mostKept = 16;

/** The messages of a seat, numbered from 1, as long as they may have to be sent again. */
export class Outbox {
  #count = 0;
  #kept: { readonly number: number; readonly lines: readonly string[] }[] = [];

  /** Returns the lines to send. */
  add(
    line: string,
    meta: TurnMeta & { readonly heard?: number },
    before: readonly string[] = [],
  ): readonly string[] {
    const number = ++this.#count;
    const lines = [...before, encodeControl('meta', { ...meta, number }), line];
    this.#kept = [...this.#kept.slice(1 - mostKept), { number, lines }];
    return lines;
  }

  /** What has not arrived where `said` messages have. Who begins anew counts on from there. */
  after(said: number): readonly string[] {
    this.#count = Math.max(this.#count, said);
    this.#kept = this.#kept.filter(({ number }) => number > said);
    return this.#kept.flatMap(({ lines }) => lines);
  }
}
