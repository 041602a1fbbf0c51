/** The words of a line and nothing else: no emoji, no tags, no brackets, each blank one space. */
export function cleanWords(line: string): string {
  return withoutOrders(withoutTags(withoutEmoji(withPauses(bareAddresses(withoutControls(line))))))
    .replace(/[*_~`|\\^#]+/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,;:!?…)](?:\s|$))/g, '')
    .trim();
}

/**
 * Takes out what is not to be seen: control characters but newline and tab, marks of direction, zero
 * width, the private use areas, halves of pairs. A speech program may read orders out of them (espeak-ng
 * does after U+0001).
 */
export function withoutControls(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(/(?!\n|\t|\u200c|\u200d|\ufe0f)\p{C}/gu, '');
}

/** Inline code as words: `max_retries` is "max retries", `parseInt(x)` is "parse Int x". */
export function codeWords(code: string): string {
  if (code.length > longestCodeCharacters) return '';
  return code
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(?<!\d)\.|\.(?!\d)/g, ' ')
    .replace(/[_/\\(){}[\];:,'"`<>|#$@&!?~^]+/g, ' ')
    .replace(/-(?=\p{L})|(?<=\p{L})-/gu, ' ')
    .trim();
}

/** What is longer is a line of a program that happens to stand in a sentence. */
const longestCodeCharacters = 80;

/** The names that HTML gives to characters that people write so; the others are rarer than what looks like one. */
export function decodeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (_, name: string) => entities[name] ?? ' ');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function isAddress(text: string): boolean {
  return /^(?:https?:\/\/|www\.)\S+$/i.test(text);
}

/** "example.org" of an address: nobody reads out the rest. */
export function hostOf(address: string): string {
  return address
    .replace(/^https?:\/\//i, '')
    .replace(/^www\./i, '')
    .replace(/^[^/?#]*@/, '')
    .replace(/[/?#:].*$/s, '');
}

function bareAddresses(line: string): string {
  return line.replace(/\bhttps?:\/\/[^\s<>"')\]]+/gi, (address) => {
    const end = /[.,;:!?…]+$/.exec(address)?.[0] ?? '';
    return hostOf(address.slice(0, address.length - end.length)) + end;
  });
}

/** Where a new line begins like a sentence, as in verse, the one before ends with a pause. */
function withPauses(text: string): string {
  return text.replace(/([\p{L}\p{N})"”’»])[ \t]*\n+(?=\s*["“«(]?[\p{Lu}\p{N}])/gu, '$1, ');
}

/** With what belongs to them: selectors, skin tones, joiners, flags, keycaps. */
function withoutEmoji(text: string): string {
  return text
    .replace(/([0-9#*])\ufe0f?\u20e3/gu, '$1')
    .replace(/(?![©®™‼⁉ℹ0-9#*])[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}]/gu, ' ')
    .replace(/[\ufe0e\ufe0f\u20e3]|(?<![\p{L}\p{M}])\u200d|\u200d(?![\p{L}\p{M}])/gu, '');
}

/** Raw HTML is not said, nor is what a program that reads SSML could take for some. */
function withoutTags(text: string): string {
  return text.replace(/<(?:[/!?]?[a-z]|!--)[^<>]{0,200}>/gi, ' ').replace(/<(?=[/!?a-z])/gi, ' ');
}

/**
 * `[[…]]` holds phonemes for espeak-ng and commands for the `say` of macOS. No bracket is left, so that none
 * can come together again.
 */
function withoutOrders(text: string): string {
  return text.replace(/[[\]]+/g, ' ');
}
