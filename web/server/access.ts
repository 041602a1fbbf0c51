import { createHmac } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isIP } from 'node:net';
import { Admission, type Visit } from '../../proxy/admission.ts';
import { isLoopbackHost } from '../../wire/address.ts';
import { systemClock } from '../../wire/clock.ts';
import { isSameSecret } from '../../wire/secret.ts';
import { fail } from './http-error.ts';
import type { WebEnvironment } from './web-app.ts';

export interface AccessOptions {
  /** The address it listens on. */
  readonly host: string;
  /** Other names by which it may be called, such as that of a proxy in front of it. */
  readonly names: readonly string[];
  /** Empty: none is asked for. */
  readonly token: string;
}

type Middleware = MiddlewareHandler<WebEnvironment>;

const methods = ['GET', 'HEAD', 'POST', 'OPTIONS'];

/**
 * Lets nobody in whom a foreign site has sent. A name that is not ours is how DNS rebinding gets here, a foreign
 * Origin how a page of somebody else does. Sources: Fetch standard, sections 3.2 and 4.8 (Origin, Sec-Fetch-Site).
 */
export function refuseStrangers({ host, names }: AccessOptions): Middleware {
  const isOpen = !isLoopbackHost(host);
  const known = new Set([host, ...names, ...(isOpen ? [hostname(), `${hostname()}.local`] : [])].map(lower));
  const isOurs = (name: string): boolean =>
    isLoopbackHost(name) || known.has(name) || (isOpen && isIP(name) !== 0);
  return async (c, next) => {
    if (!methods.includes(c.req.method)) {
      c.header('Allow', methods.join(', '));
      return fail(c, 405, 'bad-method', `this server knows ${methods.join(', ')}`);
    }
    const called = c.req.header('host') ?? '';
    const name = nameOf(called);
    if (name === undefined || !isOurs(name)) {
      return fail(c, 403, 'bad-host', 'this server does not answer to that name; --name NAME adds one');
    }
    const origin = c.req.header('origin');
    const isForeign = origin !== undefined && !isSameOrigin(origin, called);
    const site = c.req.header('sec-fetch-site') ?? 'same-origin';
    const isSent = c.req.path.startsWith('/api/') && site !== 'same-origin' && site !== 'none';
    if (isForeign || isSent)
      return fail(c, 403, 'bad-origin', 'a page of another site may not ask this server');
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { Allow: methods.join(', ') });
    if (c.req.method === 'POST') {
      // Whatever a form can send without being asked first is not JSON.
      const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
      if (type !== 'application/json')
        return fail(c, 415, 'bad-content-type', 'send JSON, with Content-Type: application/json');
      if (origin === undefined && isBrowser(c))
        return fail(c, 403, 'bad-origin', 'a browser says where a request comes from; this one did not');
    }
    return next();
  };
}

/** Asks for the token, in a header or in a cookie that `?token=` sets; those who guess have to wait. */
export function askForToken({ token }: AccessOptions): Middleware {
  if (token === '') return (_, next) => next();
  // Who reads a cookie does not know the token yet.
  const proof = createHmac('sha256', token).update('colloquy page').digest('hex');
  const admission = new Admission(
    { connections: mostGuests, connectionsPerAddress: 0, strangers: mostGuests },
    systemClock,
  );
  return async (c, next) => {
    const visit = admission.arrive(c.env.incoming.socket.remoteAddress, () => {});
    if (!visit)
      return fail(c, 429, 'too-many-guesses', 'too many wrong tokens came from there; wait a minute');
    try {
      return await check(c, next, visit);
    } finally {
      visit.leave();
    }
  };

  async function check(
    c: Context<WebEnvironment>,
    next: () => Promise<void>,
    visit: Visit,
  ): Promise<Response | void> {
    const cookie = `colloquy-${c.env.incoming.socket.localPort ?? 0}`;
    const given = c.req.query('token');
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const shown = getCookie(c, cookie);
    if (given !== undefined && isSameSecret(given, token) && c.req.method === 'GET') {
      visit.prove();
      setCookie(c, cookie, proof, { httpOnly: true, sameSite: 'Strict', path: '/', secure: isSecure(c) });
      // The token stays neither in the address bar nor in the history.
      const url = new URL(c.req.url);
      url.searchParams.delete('token');
      // Two slashes at the beginning would lead to another host.
      return c.redirect(url.pathname.replace(/^\/+/, '/') + url.search, 303);
    }
    if (
      (bearer !== undefined && isSameSecret(bearer, token)) ||
      (shown !== undefined && isSameSecret(shown, proof))
    ) {
      visit.prove();
      return next();
    }
    if (given !== undefined || bearer !== undefined || shown !== undefined) await sleep(visit.guess());
    c.header('WWW-Authenticate', 'Bearer realm="colloquy"');
    return fail(
      c,
      401,
      'bad-token',
      'this server wants its token: open it as http://HOST:PORT/?token=TOKEN, or send Authorization: Bearer TOKEN',
    );
  }
}

/** More than any machine asks at a time. */
const mostGuests = 4_096;

/** The name in a Host header, without its port; undefined for what is none. */
function nameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host);
  return match ? lower(match[1] ?? match[2] ?? '') : undefined;
}

function isSameOrigin(origin: string, host: string): boolean {
  return [`http://${host}`, `https://${host}`].some((own) => lower(own) === lower(origin));
}

/** Scripts send neither of these. */
function isBrowser(c: Context): boolean {
  return c.req.header('sec-fetch-mode') !== undefined || c.req.header('cookie') !== undefined;
}

function isSecure(c: Context): boolean {
  return (
    c.req.header('origin')?.startsWith('https:') === true || c.req.header('x-forwarded-proto') === 'https'
  );
}

function lower(name: string): string {
  return name.toLowerCase();
}
