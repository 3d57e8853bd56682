// Who sent a request, as far as the connection and its headers tell; what its address counts as: an IPv4 address by
// itself, an IPv6 address as the network that one customer is given; and which caller it is, where callers take turns.
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import type { Logger } from 'pino';
import type { DeviceHint } from '../../keyring/device.ts';

/** The address, user agent and country of a request's sender, from the request and from what a server passes along with it. */
export type ClientInfoReader = (request: Request, serverContext: unknown) => DeviceHint;

/** Which of a request's headers are believed. */
export interface TrustedHeaders {
  /** Whether the last address of X-Forwarded-For, which the nearest proxy wrote, is the sender's. */
  readonly trustProxy: boolean;
  /** The header in which that proxy names the country of the sender; undefined: in none. */
  readonly countryHeader?: string | undefined;
}

/**
 * Makes a reader of senders. `node:http`'s request is looked for in the server's context.
 * @param log is told once of an entry that cannot be read, and once of the header where no proxy is trusted; the
 *   address of the connection then counts.
 */
export function createClientInfoReader(
  { trustProxy, countryHeader }: TrustedHeaders,
  log: Logger,
): ClientInfoReader {
  let isTold = false;
  const read = (request: Request, serverContext: unknown): DeviceHint => {
    const userAgent = request.headers.get('user-agent');
    const forwarded = request.headers.get('x-forwarded-for');
    if (trustProxy && forwarded !== null) {
      const ipAddress = addressIn(forwarded.slice(forwarded.lastIndexOf(',') + 1));
      if (ipAddress !== null) {
        const country = countryHeader && countryIn(request.headers.get(countryHeader));
        if (!country || isPrivate(ipAddress)) return { ipAddress, userAgent };
        return { ipAddress, userAgent, countryCode: country };
      }
      if (!isTold) {
        log.warn(
          'X-Forwarded-For ends with an entry that is not an address: all requests with such an entry count as the proxy',
        );
      }
      isTold = true;
    } else if (forwarded !== null && !isTold) {
      isTold = true;
      log.warn(
        'Requests have X-Forwarded-For, but TRUST_PROXY is not set: behind a proxy, all users count as one address',
      );
    }
    return { ipAddress: peerOf(serverContext), userAgent };
  };
  // Read once for a request: its turn, its keyring and its log line all need it.
  const key = Symbol('client info');
  return (request: Request & { [key]?: DeviceHint }, serverContext) => {
    request[key] ??= read(request, serverContext);
    return request[key];
  };
}

/** The address of the connection's other end, where `node:http` tells it. */
function peerOf(serverContext: unknown): string | null {
  const { req } = (serverContext ?? {}) as { readonly req?: Partial<IncomingMessage> };
  return req?.socket?.remoteAddress ?? null;
}

/**
 * The country in a header; null where it names none, as proxies do by `XX` for an unknown one and `T1` for Tor. A list is
 * none: a proxy that adds to what the client has sent proves nothing.
 */
function countryIn(value: string | null): string | null {
  const isCountry = value !== null && /^[A-Z]{2}$/.test(value) && !/^(?:XX|ZZ)$/.test(value);
  return isCountry ? value : null;
}

/** What no country has: addresses of a machine, of a local network and of a provider's inner network. */
const privateRanges = new Set([
  'private',
  'uniqueLocal',
  'loopback',
  'linkLocal',
  'carrierGradeNat',
  'unspecified',
]);

function isPrivate(address: string): boolean {
  return privateRanges.has(ipaddr.process(address).range());
}

/** The address in an entry of X-Forwarded-For, which may have a port, brackets and quotes; null if it has no address. */
function addressIn(entry: string): string | null {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, withPort] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  const address = bracketed ?? withPort ?? text;
  const isRead = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  return isRead ? ipaddr.process(address).toString() : null;
}

/** An IPv4 address as Node and the operating system write it: most are, and need no further reading. */
const canonicalIpv4 =
  /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** The groups of an IPv6 address that name its network (/64). */
const networkGroups = 4;

/**
 * What an address counts as: an IPv4 address also where IPv6 wraps it, the /64 network of an IPv6 address, and any
 * other text as it is.
 */
export function networkOf(address: string): string {
  if (canonicalIpv4.test(address)) return address;
  const [plain = ''] = address.split('%');
  if (!ipaddr.IPv4.isValidFourPartDecimal(plain) && !ipaddr.IPv6.isValid(plain)) return address;
  const parsed = ipaddr.process(plain);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, networkGroups).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

/** Whether an address is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  if (canonicalIpv4.test(address)) return address.startsWith('127.');
  const [plain = ''] = address.split('%');
  return ipaddr.isValid(plain) && ipaddr.process(plain).range() === 'loopback';
}

/**
 * The id of the caller: of its keyring where it has one, else of its client address; all IPv6 addresses of one
 * network (/64) are one caller. `unknown` where neither is known. Never shown, never logged.
 */
export function callerIdOf(keyringId: string | null, client: DeviceHint): string {
  if (keyringId !== null) return `keyring ${keyringId}`;
  return client.ipAddress === null ? 'unknown' : `address ${networkOf(client.ipAddress)}`;
}
