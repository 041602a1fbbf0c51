import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWav, WavWriter, type Sound } from '../../../speech/wav.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** A format chunk. */
function format(options: { tag?: number; rate?: number; bits?: number } = {}): Buffer {
  const { tag = 1, rate = 1_000, bits = 16 } = options;
  const chunk = Buffer.alloc(16);
  chunk.writeUInt16LE(tag, 0);
  chunk.writeUInt16LE(1, 2);
  chunk.writeUInt32LE(rate, 4);
  chunk.writeUInt32LE((rate * bits) / 8, 8);
  chunk.writeUInt16LE(bits / 8, 12);
  chunk.writeUInt16LE(bits, 14);
  return chunk;
}

function chunk(name: string, body: Buffer, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function wav(...chunks: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('RIFF....WAVE', 'latin1'), ...chunks]);
}

const samples = Buffer.from([1, 0, 2, 0, 3, 0]);

describe('parseWav', () => {
  it('finds the sound behind other chunks, odd ones too', () => {
    const bytes = wav(
      chunk('LIST', Buffer.from('odd')),
      chunk('fmt ', format()),
      chunk('data', samples),
      chunk('x', samples),
    );
    expect(parseWav(bytes, 'x.wav')).toEqual({ format: format(), samples });
  });

  it('takes what is there where a program did not know the size, in whole samples', () => {
    // The third byte is half a sample; what `chunk` adds to make it even is cut off again.
    const data = chunk('data', Buffer.from([1, 0, 2]), 0x7fff_f000).subarray(0, -1);
    const bytes = wav(chunk('fmt ', format()), data);
    expect(parseWav(bytes, 'x.wav').samples).toEqual(Buffer.from([1, 0]));
  });

  it.each([
    ['no WAV', Buffer.from('OggS and so on and on'), 'x.wav, which the speech program wrote, is no WAV file'],
    ['nothing', Buffer.alloc(0), 'is no WAV file'],
    ['no sound', wav(chunk('fmt ', format())), 'holds no sound'],
    ['no format', wav(chunk('data', samples)), 'holds no sound'],
    ['a compressed one', wav(chunk('fmt ', format({ tag: 85 })), chunk('data', samples)), 'is compressed'],
    ['half a format', wav(chunk('fmt ', Buffer.alloc(4)), chunk('data', samples)), 'is compressed'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseWav(bytes, 'x.wav')).toThrow(message);
  });
});

describe('WavWriter', () => {
  const sound: Sound = { format: format(), samples };

  it('puts sounds one after the other, with silence between', async () => {
    const file = path.join(await temporaryFolder(), 'x.wav');
    const writer = await WavWriter.create(file);
    await writer.add(sound, 0);
    await writer.add(sound, 2);
    expect(writer.seconds).toBe(0.008);
    await writer.close();
    const bytes = await readFile(file);
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
    const silence = Buffer.alloc(4);
    expect(parseWav(bytes, 'x.wav')).toEqual({
      format: format(),
      samples: Buffer.concat([samples, silence, samples]),
    });
  });

  it('knows what silence is in 8 bits', async () => {
    const file = path.join(await temporaryFolder(), 'x.wav');
    const writer = await WavWriter.create(file);
    await writer.add({ format: format({ bits: 8 }), samples: Buffer.from([7]) }, 2);
    await writer.close();
    expect(parseWav(await readFile(file), 'x.wav').samples).toEqual(Buffer.from([128, 128, 7]));
  });

  it('does not mix formats, and says which', async () => {
    const writer = await WavWriter.create(path.join(await temporaryFolder(), 'x.wav'));
    await writer.add(sound, 0);
    await expect(writer.add({ format: format({ rate: 2_000, bits: 8 }), samples }, 0)).rejects.toThrow(
      '1000 Hz, 16 bit PCM, 1 channel and 2000 Hz, 8 bit PCM, 1 channel',
    );
    await writer.discard();
  });

  it('leaves what was there alone until it is complete, and nothing else behind', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'x.wav');
    await writeFile(file, 'old');
    const writer = await WavWriter.create(file);
    await writer.add(sound, 0);
    expect(await readFile(file, 'utf8')).toBe('old');
    await writer.discard();
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['x.wav']);
  });

  it('refuses to write a file in which nothing is heard', async () => {
    const writer = await WavWriter.create(path.join(await temporaryFolder(), 'x.wav'));
    await expect(writer.close()).rejects.toThrow('there is nothing to be heard');
    await writer.discard();
  });
});
