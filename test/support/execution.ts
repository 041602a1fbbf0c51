import type { MeetingEvent } from '../../journal/event.ts';

type BlockEvent = Extract<MeetingEvent, { type: 'block' }>;
type ResultEvent = Extract<MeetingEvent, { type: 'result' }>;

/** A block of the first turn. */
export function blockEvent(code: string, fields: Partial<BlockEvent> = {}): BlockEvent {
  return { type: 'block', seat: 'a', turn: 1, kind: 'code', number: 1, language: 'python', code, ...fields };
}

/** A block of the first turn that went well. */
export function resultEvent(fields: Partial<ResultEvent> = {}): ResultEvent {
  const { output = '' } = fields;
  const outputBytes = Buffer.byteLength(output);
  return {
    ...{ type: 'result', seat: 'a', turn: 1, kind: 'code', number: 1, tier: 'bubblewrap' },
    ...{ outcome: 'ok', output, outputBytes, files: [], ms: 12 },
    ...fields,
  };
}

/** The beginning of a PNG of that size in pixels, filled up to `bytes`: enough for whoever only measures it. */
export function pngBytes(width = 4, height = 3, bytes = 64): Buffer {
  const png = Buffer.alloc(bytes);
  png.write('89504e470d0a1a0a0000000d49484452', 'hex');
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}
