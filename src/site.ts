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
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Compares by scheme and registrable domain, as browsers do; ports make no difference. */
export function siteRelation(one: string, other: string): SiteRelation {
  const [first, second] = [new URL(one), new URL(other)];
  if (first.protocol !== second.protocol) return 'cross-site';
  if (first.hostname === second.hostname) return 'same-site';
  const [firstSite, secondSite] = [first, second].map(({ hostname }) =>
    getDomain(hostname, { allowPrivateDomains: true, validHosts: ['localhost'] }),
  );
  if (firstSite != null && firstSite === secondSite) return 'same-site';
  const areLocal = isLoopback(first.hostname) && isLoopback(second.hostname);
  return areLocal ? 'cross-site-on-loopback' : 'cross-site';
}
