// Whom the gateway trusts: its own origin, and those that the operator allowed; and which names a Host header may carry:
// a page of a name that its owner points at this machine could otherwise read everything that needs no credential. The
// log says which origins were refused, so that an operator whose page gets no answer finds out why.

import type { Logger } from 'pino';
import { type Clock, machineClock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type { AuditLog } from '../../shared/audit.ts';
import type { RequestTracker } from './request-tracker.ts';
import { isLoopback, isOrigin, keepsCookiesSafe, siteRelation } from './same-site.ts';

/** The trusted origins. */
export interface Origins {
  /** The gateway's own, such as `https://api.example.com`. */
  readonly own: string;
  /** The gateway's address, path included, with a slash at its end. */
  readonly home: string;
  /** Whether there are others than its own. */
  readonly areOthersAllowed: boolean;
  /** Whether the cookie's name may have its `__Host-` prefix: everywhere but on plain HTTP. */
  readonly secure: boolean;
  /** Whether a request with this Origin header may use a keyring. */
  isTrusted(origin: string | null): boolean;
  /** Whether CORS answers may name this Origin. */
  isAllowed(origin: string | null): origin is string;
  /** The absolute form of a page of a trusted origin; null for any other address. */
  trustedPage(address: string): string | null;
}

/**
 * Knows the trusted origins.
 * @throws TypeError for plain HTTP anywhere but on this machine, for an invalid allowed origin, and for one of
 *   another site, from which browsers would send no cookie.
 */
export function createOrigins(publicUrl: URL, allowedOrigins: readonly string[]): Origins {
  const own = publicUrl.origin;
  if (!keepsCookiesSafe(publicUrl)) {
    throw new TypeError('publicUrl must be https://: plain HTTP is for localhost alone');
  }
  for (const [index, origin] of allowedOrigins.entries()) {
    const which = `allowedOrigins[${index}]`;
    if (!isOrigin(origin))
      throw new TypeError(`${which} is not an origin, such as https://app.example.com`);
    if (siteRelation(origin, own) === 'cross-site') {
      throw new TypeError(`${which}, ${origin}, is another site than publicUrl, ${own}`);
    }
  }
  const allowed = new Set(allowedOrigins);
  const isAllowed = (origin: string | null): origin is string =>
    origin !== null && allowed.has(origin);
  const isTrusted = (origin: string | null) => origin === own || isAllowed(origin);
  return {
    own,
    home: `${own}${publicUrl.pathname.replace(/\/+$/, '')}/`,
    areOthersAllowed: allowed.size > 0,
    secure: publicUrl.protocol === 'https:',
    isTrusted,
    isAllowed,
    trustedPage(address) {
      const url = URL.parse(address, own);
      // A user name in an address only ever serves to mislead.
      // Others, such as blob:, have an origin of ours and are no page that may be returned to.
      const isPage = url !== null && /^https?:$/.test(url.protocol);
      const isPlain = isPage && url.username === '' && url.password === '';
      return isPlain && isTrusted(url.origin) ? url.href : null;
    },
  };
}

/**
 * Judges the host of a request, with or without a port.
 * - `ours`: the gateway answers for it.
 * - `other`: a well-formed host of another server.
 * - `invalid`: not a host.
 */
export type Hosts = (host: string) => 'ours' | 'other' | 'invalid';

const form = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;

/** Whether a text is a host name or address without a port, as ALLOWED_HOSTS lists them. */
export function isHostName(text: string): boolean {
  return nameOf(text) !== null && !/:\d+$/.test(text.replace(/^\[.*\]/, ''));
}

/**
 * Knows the hosts: the public URL's, every loopback name, and those allowed. Ports make no difference.
 * @throws TypeError for an allowed host that is not a name or an address.
 */
export function createHosts(publicUrl: URL, allowed: readonly string[]): Hosts {
  const names = new Set([publicUrl.hostname]);
  for (const [index, host] of allowed.entries()) {
    const name = isHostName(host) ? nameOf(host) : null;
    if (name === null) {
      throw new TypeError(`allowedHosts[${index}] is not a host name or address without a port`);
    }
    names.add(name);
  }
  // A gateway is mostly asked by one name, which is then read once.
  let latest: string | null = null;
  return (host) => {
    if (host === latest) return 'ours';
    const name = nameOf(host);
    if (name === null) return 'invalid';
    if (!names.has(name) && !isLoopback(name)) return 'other';
    latest = host;
    return 'ours';
  };
}

/** The name in a host, in the form in which URLs write it; null where it is not a host. */
function nameOf(host: string): string | null {
  return form.test(host) ? (URL.parse(`http://${host}`)?.hostname ?? null) : null;
}

/** An origin as a browser sends it. The header may hold anything, and anything else has no place in a log. */
const plainOrigin = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Logs the Origin of a request or a preflight that may not use a keyring, and its client address; each once in a time. */
export function createOriginLog(
  { isTrusted }: Origins,
  track: RequestTracker,
  { loggedOrigins, loggedOriginCharacters, loggedOriginMinutes }: Limits,
  log: Logger,
  audit: AuditLog,
  clock: Clock = machineClock,
): (request: Request, address: string | null) => void {
  const logged = new Set<string>();
  let isFullTold = false;
  let begunAt = clock.milliseconds();
  return (request, address) => {
    const sent = request.headers.get('origin');
    if (sent === null || isTrusted(sent)) return;
    const isPlain =
      sent === 'null' || (sent.length <= loggedOriginCharacters && plainOrigin.test(sent));
    // All others count as one.
    const origin = isPlain ? sent : 'not an origin';
    // Invented origins fill the set, and hide others no longer than this.
    if (clock.milliseconds() - begunAt >= loggedOriginMinutes * 60_000) {
      logged.clear();
      isFullTold = false;
      begunAt = clock.milliseconds();
    }
    if (logged.has(origin)) return;
    if (logged.size >= loggedOrigins) {
      // An operator who misses an origin is told why.
      if (!isFullTold) {
        log.warn(
          { loggedOrigins, loggedOriginMinutes },
          'More origins were refused than are named: others are not named for a time',
        );
      }
      isFullTold = true;
      return;
    }
    logged.add(origin);
    const requestId = track(request).id;
    audit.write({ event: 'origin', outcome: 'refused', requestId, address, origin });
    log.warn(
      { requestId, code: 'UNAUTHENTICATED', origin },
      'Refused the keyring to a page of this origin: add the origin to ALLOWED_ORIGINS to allow it',
    );
  };
}
