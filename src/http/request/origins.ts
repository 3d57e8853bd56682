// Which origins and which hosts the gateway trusts. Without the check of the host, a page of a foreign name that points at
// this machine could read what needs no credential.
import { isLoopbackName, isOrigin, keepsCookiesSafe, siteRelation } from './same-site.ts';

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
      // Other schemes, such as blob:, can have our origin and are no page.
      const isPage = url !== null && /^https?:$/.test(url.protocol);
      // A user name in an address only ever serves to mislead.
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

const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;

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
    if (!names.has(name) && !isLoopbackName(name)) return 'other';
    latest = host;
    return 'ours';
  };
}

/** The name in a host, in the form in which URLs write it; null where it is not a host. */
function nameOf(host: string): string | null {
  return hostForm.test(host) ? (URL.parse(`http://${host}`)?.hostname ?? null) : null;
}
