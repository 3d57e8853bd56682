// What a client address counts as: an IPv4 address by itself, an IPv6 address as the network that one customer is given;
// and which caller a request counts for, where callers take turns.
import ipaddr from 'ipaddr.js';
import type { DeviceHint } from '../../keyring/device.ts';

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
export function isLoopback(address: string): boolean {
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
