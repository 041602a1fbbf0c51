import { escapeHtml } from '../../journal/render/html-words.ts';
import type { MeetingRecord } from './collect.ts';

/** A list with more has numbers instead of names, that lead to the table of all meetings. */
const mostNamed = 300;

/**
 * The meetings that numbers rest on: whoever writes a number gets a link to them, and all lists stand at the end of
 * the page, each once.
 */
export class MeetingLists {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #transcripts: ReadonlyMap<string, string | undefined>;
  readonly #lists = new Map<
    string,
    { readonly anchor: string; readonly title: string; readonly ids: readonly string[] }
  >();
  readonly #base: string;

  /** `base`: where the folder of the batch is, seen from the page; with a slash at its end unless it is empty. */
  constructor(meetings: readonly MeetingRecord[], base: string) {
    this.#base = base;
    this.#numbers = new Map(meetings.map(({ id }, at) => [id, at + 1]));
    this.#transcripts = new Map(meetings.map(({ id, transcript }) => [id, transcript]));
  }

  /** The address of the list of these meetings. */
  href(title: string, ids: readonly string[]): string {
    const unique = [...new Set(ids)];
    const key = [title, ...unique].join(' ');
    const list = this.#lists.get(key) ?? { anchor: `list-${this.#lists.size + 1}`, title, ids: unique };
    this.#lists.set(key, list);
    return `#${list.anchor}`;
  }

  /** A number, or what stands for one, as a link to its meetings. Plain where there are none. */
  link(text: string | number, title: string, ids: readonly string[]): string {
    if (ids.length === 0) return escapeHtml(String(text));
    return `<a href="${this.href(title, ids)}">${escapeHtml(String(text))}</a>`;
  }

  /** The address of a file of the batch, given from its folder. */
  address(file: string): string {
    return escapeHtml(this.#base + file.split('/').map(encodeURIComponent).join('/'));
  }

  /** A row of the table of all meetings. */
  anchorOf(id: string): string {
    return `m${this.#numbers.get(id) ?? 0}`;
  }

  toHtml(): string {
    return [...this.#lists.values()]
      .map(({ anchor, title, ids }) => {
        const entries = ids.map((id) => `<li>${this.#entry(id, ids.length <= mostNamed)}</li>`);
        const count = ids.length === 1 ? '1 meeting' : `${ids.length} meetings`;
        return `<section class="list" id="${anchor}"><h3>${escapeHtml(title)} <small>${count}</small></h3><ul>${entries.join('')}</ul></section>`;
      })
      .join('\n');
  }

  #entry(id: string, isNamed: boolean): string {
    if (!isNamed) return `<a href="#${this.anchorOf(id)}">${this.#numbers.get(id) ?? 0}</a>`;
    const transcript = this.#transcripts.get(id);
    const name = escapeHtml(id);
    return transcript === undefined
      ? `<a href="#${this.anchorOf(id)}">${name}</a>`
      : `<a href="${this.address(transcript)}">${name}</a>`;
  }
}
