/**
 * Which of `choices` memory rules a text gets, by its last word.
 *
 * On the IBM 7094 a word stood in cells of six characters of six bits each. ELIZA took the last cell of the
 * text, that is the last word or, of one with more than six letters, the end that stuck out, and had SLIP's
 * HASH(cell, 2) draw one of the four rules. A script with another number of rules takes all 15 bits.
 */
export function memoryChoice(lastWord: string, choices: number): number {
  const cell = lastCell(lastWord);
  return choices === 4 ? hash(cell, 2) : hash(cell, 15) % choices;
}

/**
 * SLIP's HASH: the middle `bits` (at most 15) of the square of a 36-bit word. The machine kept the sign
 * apart, so only 35 bits are squared. Known value: "ALWAYS" hashes to 14 in 7 bits (CACM 9(1), page 38).
 */
export function hash(cell: bigint, bits: number): number {
  const magnitude = cell & 0x7_ffff_ffffn;
  const middle = (magnitude * magnitude) >> BigInt(35 - Math.floor(bits / 2));
  return Number(middle & ((1n << BigInt(bits)) - 1n));
}

/** The last six characters' worth of a word, filled up with blanks on the right. */
export function lastCell(word: string): bigint {
  const start = Math.floor(Math.max(word.length - 1, 0) / 6) * 6;
  let cell = 0n;
  for (const character of word.slice(start).padEnd(6)) cell = (cell << 6n) | BigInt(sixBits(character));
  return cell;
}

/** The 7094's code (BCD), by its value: each row of sixteen, `\0` where nothing was assigned. */
const bcd = [
  "0123456789\0='\0\0\0",
  '+ABCDEFGHI\0.)\0\0\0',
  '-JKLMNOPQR\0$*\0\0\0',
  ' /STUVWXYZ\0,(\0\0\0',
].join('');

function sixBits(character: string): number {
  const code = bcd.indexOf(character);
  // The machine knew no other characters; any steady number will do for them.
  return code >= 0 && character !== '\0' ? code : character.charCodeAt(0) & 0x3f;
}
