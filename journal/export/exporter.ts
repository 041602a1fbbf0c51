import type { JournalEvent } from '../event.ts';
import type { Outline } from '../conversation.ts';

/** Formats that other programs read. */
export const exportFormats = ['openai', 'sharegpt', 'inspect', 'sillytavern', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** One meeting, in memory. */
export interface ExportedMeeting {
  readonly outline: Outline;
  readonly events: readonly JournalEvent[];
  /** Lines of the journal that nobody can read. */
  readonly badLines: number;
}

/** What a meeting adds to the file. */
export interface Piece {
  readonly data: string | Uint8Array;
  /** Rows, samples, conversations or messages: what the format counts. */
  readonly records: number;
}

/** Makes one file of meetings, piece by piece; it keeps none of them. */
export interface Exporter {
  /** Each meeting, before the first is added: for formats that begin with totals. */
  survey?(outline: Outline): void;
  add(meeting: ExportedMeeting): Piece;
  /** What stands at the end of the file. */
  end(): string | Uint8Array;
}

/** Half a surrogate pair is no character: no file in UTF-8 can hold it, and readers of JSON choke on it. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** One line of JSON, in which every text is well-formed. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? wellFormed(each) : each));
}
