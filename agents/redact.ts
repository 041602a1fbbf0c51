/** What stands for a secret in every message. */
const placeholder = '[key]';

/** Shorter ones would take ordinary words out of a message. */
const shortestSecret = 4;
/** A server that quotes a key may show its beginning or its end alone: so many characters give it away. */
const shortestFragment = 8;

/** What a key of any service looks like, whole or with its middle starred out, and a password in a URL. */
const keyLike = /\b(?:sk|pk|rk)-[\w*.…-]{6,}|\bBearer\s+\S+|[\w-]+\*{3,}[\w-]*|(?<=\/\/)[^\s/@]+(?=@)/gi;

/** `text` without the secrets, nor anything that looks like one: messages go to logs and journals. */
export function redactSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  return secrets.reduce<string>(redactSecret, text).replace(keyLike, placeholder);
}

/** What somebody else wrote, a server or a program, on one line and short enough to be quoted in a message. */
export function quoteBriefly(text: string, secrets: readonly (string | undefined)[]): string {
  // Control characters would reach a terminal.
  const line = redactSecrets(text, secrets)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return line.length <= longestQuote ? line : `${line.slice(0, longestQuote - 1)}…`;
}

const longestQuote = 200;

function redactSecret(text: string, secret: string | undefined): string {
  if (secret === undefined || secret.length < shortestSecret) return text;
  let redacted = text.replaceAll(secret, placeholder);
  for (let length = secret.length - 1; length >= shortestFragment; length--) {
    redacted = redacted.replaceAll(secret.slice(0, length), placeholder);
    redacted = redacted.replaceAll(secret.slice(-length), placeholder);
  }
  return redacted;
}
