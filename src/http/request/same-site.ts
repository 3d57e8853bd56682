// Which addresses are one site to a browser: a Lax cookie travels within a site and no further.
import { getDomain } from 'tldts';

/**
 * How a page's origin stands to the gateway's address.
 * - `same-site`: browsers send the cookie.
 * - `cross-site-on-loopback`: two hosts below localhost, which most browsers count as two sites.
 * - `cross-site`: no browser sends the cookie.
 */
export type SiteRelation = 'same-site' | 'cross-site-on-loopback' | 'cross-site';

/** Whether a host name can only mean this machine. */
export function isLoopbackName(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether a text is an origin just as browsers send it: http or https, a host, perhaps a port, and no more. */
export function isOrigin(text: string): boolean {
  // URLs allow a star in a host name; no browser sends one, so it would allow no origin.
  return /^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text;
}

/** Whether cookies may be set at an address: over HTTPS, or on this machine. */
export function keepsCookiesSafe(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
}

/** Compares by scheme and registrable domain, as browsers do; ports make no difference. */
export function siteRelation(one: string, other: string): SiteRelation {
  const [first, second] = [new URL(one), new URL(other)];
  if (first.protocol !== second.protocol) return 'cross-site';
  if (first.hostname === second.hostname) return 'same-site';
  const [firstSite, secondSite] = [first, second].map(({ hostname }) =>
    getDomain(hostname, { allowPrivateDomains: true }),
  );
  if (firstSite != null && firstSite === secondSite) return 'same-site';
  const areLocal = isLoopbackName(first.hostname) && isLoopbackName(second.hostname);
  return areLocal ? 'cross-site-on-loopback' : 'cross-site';
}
