import { ProviderError } from '../provider.ts';
import { quoteBriefly } from '../redact.ts';

const defaultPort = '11434';

/**
 * Where an `OLLAMA_HOST` leads: `127.0.0.1`, `:8080`, `box:8080`, `0.0.0.0`, `https://user:word@host/path`.
 * A user's name and password become a header, since fetch takes no URL that holds them, and since the address
 * stands in messages. Throws ProviderError `bad-request`.
 */
export function readOllamaHost(text: string): { host: string; headers: Record<string, string> } {
  const address = text.trim();
  const hasScheme = address.includes('://');
  const url = parseUrl(
    hasScheme ? address : `http://${address.startsWith(':') ? '127.0.0.1' : ''}${address}`,
  );
  if (!url) {
    const message = `ollama: "${quoteBriefly(text, [])}" is no address; set OLLAMA_HOST to one such as 127.0.0.1:11434`;
    throw new ProviderError(message, { provider: 'ollama', code: 'bad-request', retryable: false });
  }
  if (!hasScheme && !/:\d+(?:\/|$)/.test(address)) url.port = defaultPort;
  // A server listens on these, but nobody calls it by such a name.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const host = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  if (username === '' && password === '') return { host, headers: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { host, headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}
