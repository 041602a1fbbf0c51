import { isIPv4, isIPv6 } from 'node:net';

/**
 * What counts as one address: an IPv4 address, however it is written, and of IPv6 the /64 that one subscriber
 * is given (RFC 6177). Loopback is one, and so is everything that is no address.
 */
export function addressGroup(address: string | undefined): string {
  const [bare = ''] = (address ?? '').split('%');
  if (isIPv4(bare)) return bare.startsWith('127.') ? loopback : bare;
  if (!isIPv6(bare)) return 'unknown';
  const words = wordsOf(bare);
  const mapped = mappedIPv4(words);
  if (mapped !== undefined) return addressGroup(mapped);
  if (words.every((word, at) => word === (at === 7 ? 1 : 0))) return loopback;
  return `${words
    .slice(0, 4)
    .map((word) => word.toString(16))
    .join(':')}::/64`;
}

/** The group of all who connect from this machine. */
export const loopback = 'loopback';

/** Whether only this machine can reach what listens there. A name that merely begins like an address is none. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || addressGroup(host) === loopback;
}

/** The eight words of a valid IPv6 address. */
function wordsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [left, right] = [read(head), read(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

/** Source: RFC 4291, section 2.5.5.2. */
function mappedIPv4(words: readonly number[]): string | undefined {
  const [high = 0, low = 0] = words.slice(6);
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  return isMapped ? `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` : undefined;
}
