/** What any key of a service looks like, for those that servers quote in their messages. */
const keyLike = /\b(?:sk|pk|rk|key)-[\w*.…-]{4,}|\bBearer\s+\S+/gi;

/** `text` without the secrets, nor anything that looks like one: messages go to logs and journals. */
export function redactSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  const known = secrets.filter((secret) => secret !== undefined && secret.length >= 4) as string[];
  return known
    .reduce((redacted, secret) => redacted.replaceAll(secret, '[key]'), text)
    .replace(keyLike, '[key]');
}
