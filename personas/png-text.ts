import { crc32 } from 'node:zlib';
import { ColloquyError } from '../wire/errors.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length and type stand before the data of a chunk, a checksum of type and data after it. */
const [lengthBytes, typeBytes, checksumBytes] = [4, 4, 4];

export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, signature.length).equals(signature);
}

/**
 * The `tEXt` chunks of a PNG by keyword, the first of each (PNG specification, 5.3 and 11.3.3.2); pictures
 * and compressed texts are stepped over. Throws ColloquyError `bad-persona` whose
 * sentence lacks the name of the file in front.
 */
export function readPngTexts(bytes: Buffer): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (let at = signature.length; ;) {
    if (at + lengthBytes + typeBytes > bytes.length) throw damaged('is cut off');
    const typeAt = at + lengthBytes;
    const dataAt = typeAt + typeBytes;
    const end = dataAt + bytes.readUInt32BE(at);
    if (end + checksumBytes > bytes.length) throw damaged('is cut off');
    const type = bytes.toString('latin1', typeAt, dataAt);
    if (type === 'IEND') return texts;
    if (type === 'tEXt') {
      if (crc32(bytes.subarray(typeAt, end)) !== bytes.readUInt32BE(end)) {
        throw damaged('is damaged: the checksum of a text in it is wrong');
      }
      const separator = bytes.indexOf(0, dataAt);
      if (separator < dataAt || separator >= end) throw damaged('is damaged: a text in it has no keyword');
      const keyword = bytes.toString('latin1', dataAt, separator);
      if (!texts.has(keyword)) texts.set(keyword, bytes.toString('latin1', separator + 1, end));
    }
    at = end + checksumBytes;
  }
}

function damaged(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'bad-persona' });
}
