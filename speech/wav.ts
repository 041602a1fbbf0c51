import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ColloquyError } from '../wire/errors.ts';

/** The sound of a WAV file. */
export interface Sound {
  /** The format chunk, as it stands in the file. */
  readonly format: Buffer;
  readonly samples: Buffer;
}

/** A RIFF file counts its bytes in 32 bits. */
const longestSamples = 0xffff_ffff - 1_024;
const headerBytes = 12;

/** Writes sounds of one format one after the other into one file, which is there once it is closed. */
export class WavWriter {
  readonly #file: string;
  readonly #part: string;
  readonly #handle: FileHandle;
  #format: Buffer | undefined;
  #samples = 0;

  /** Rejects where the folder is not there, or cannot be written to. */
  static async create(file: string): Promise<WavWriter> {
    const part = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
    return new WavWriter(file, part, await open(part, 'w'));
  }

  private constructor(file: string, part: string, handle: FileHandle) {
    this.#file = file;
    this.#part = part;
    this.#handle = handle;
  }

  /** Of all that was added. */
  get seconds(): number {
    return this.#format === undefined ? 0 : this.#samples / bytesPerSecond(this.#format);
  }

  /** `pauseMs` of silence come before it. Rejects with ColloquyError `bad-wav` where the formats differ. */
  async add({ format, samples }: Sound, pauseMs: number): Promise<void> {
    if (this.#format === undefined) {
      this.#format = format;
      await this.#handle.write(header(format, 0));
    } else if (!this.#format.equals(format)) {
      const formats = `${describeFormat(this.#format)} and ${describeFormat(format)}`;
      throw bad(
        `two voices give sounds of different kinds (${formats}), which no WAV file can hold: choose voices of one kind (speech.voices)`,
      );
    }
    const silence = silenceOf(format, pauseMs);
    if (this.#samples + silence.length + samples.length > longestSamples) {
      throw bad('the sound is longer than a WAV file can hold (4 GiB)');
    }
    await this.#handle.appendFile(Buffer.concat([silence, samples]));
    this.#samples += silence.length + samples.length;
  }

  /** The file is complete. */
  async close(): Promise<void> {
    if (this.#format === undefined) throw bad('there is nothing to be heard');
    const head = header(this.#format, this.#samples);
    await this.#handle.write(head, 0, head.length, 0);
    await this.#handle.close();
    await rename(this.#part, this.#file);
  }

  /** Nothing of it stays. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#part, { force: true });
  }
}

/**
 * Reads a WAV file. Rejects with ColloquyError `bad-wav` where it is none, or is compressed.
 * Source: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft 1991), chapter 3.
 */
export async function readWav(file: string): Promise<Sound> {
  return parseWav(await readFile(file), path.basename(file));
}

export function parseWav(bytes: Buffer, name: string): Sound {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw bad(`${name}, which the speech program wrote, is no WAV file`);
  }
  let format: Buffer | undefined;
  for (let at = headerBytes; at + 8 <= bytes.length;) {
    const kind = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const body = bytes.subarray(at + 8, at + 8 + size);
    if (kind === 'fmt ') format = checkFormat(body, name);
    if (kind === 'data') {
      if (!format) break;
      // A program that writes into a pipe does not know the size and gives too large a one.
      return { format, samples: body.subarray(0, body.length - (body.length % format.readUInt16LE(12))) };
    }
    // Chunks begin at even places.
    at += 8 + size + (size % 2);
  }
  throw bad(`${name}, which the speech program wrote, holds no sound`);
}

/** Whole numbers, and fractions; in the extensible form the same are behind other names. */
const formatTags: Readonly<Record<number, string>> = { 1: 'PCM', 3: 'float', 0xfffe: 'PCM' };

function checkFormat(format: Buffer, name: string): Buffer {
  const isSound = format.length >= 16 && format.readUInt16LE(12) > 0 && format.readUInt32LE(8) > 0;
  if (!isSound || formatTags[format.readUInt16LE(0)] === undefined) {
    throw bad(`${name}, which the speech program wrote, is compressed: have it write PCM`);
  }
  return format;
}

function describeFormat(format: Buffer): string {
  const channels = format.readUInt16LE(2);
  const kind = formatTags[format.readUInt16LE(0)] ?? 'unknown';
  return `${format.readUInt32LE(4)} Hz, ${format.readUInt16LE(14)} bit ${kind}, ${channels} channel${channels === 1 ? '' : 's'}`;
}

function bytesPerSecond(format: Buffer): number {
  return format.readUInt32LE(8);
}

/** In 8 bits the middle is 128, in all others 0. */
function silenceOf(format: Buffer, ms: number): Buffer {
  const frame = format.readUInt16LE(12);
  const frames = Math.round((format.readUInt32LE(4) * ms) / 1_000);
  return Buffer.alloc(frames * frame, format.readUInt16LE(14) === 8 ? 128 : 0);
}

function header(format: Buffer, samples: number): Buffer {
  const head = Buffer.alloc(headerBytes + 8 + format.length + 8);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(head.length - 8 + samples, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(format.length, 16);
  format.copy(head, 20);
  head.write('data', 20 + format.length, 'latin1');
  head.writeUInt32LE(samples, 24 + format.length);
  return head;
}

function bad(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'bad-wav' });
}
