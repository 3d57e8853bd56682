// Which names a Host header may carry. A page of a name that its owner points at this machine could otherwise read
// everything that needs no credential.
import { isLoopback } from './same-site.ts';

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
