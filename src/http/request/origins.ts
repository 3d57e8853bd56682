// Whom the gateway trusts: its own origin, and those that the operator allowed.
import { isOrigin, keepsCookiesSafe, siteRelation } from './same-site.ts';

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
