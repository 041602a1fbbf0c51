/**
 * The address of a link that may be followed, undefined for all others. Only these three schemes: a
 * relative link would lead to whatever lies beside the transcript, and the rest can run something.
 */
export function safeLink(href: string): string | undefined {
  try {
    // The parser of the browser decides, not a look at the first letters: it drops tabs and newlines.
    const { protocol, href: normal } = new URL(href);
    return protocols.has(protocol) ? normal : undefined;
  } catch {
    return undefined;
  }
}

const protocols = new Set(['http:', 'https:', 'mailto:']);
