// Which caller a request counts for, where callers take turns: a keyring, or the address that sent it.
import type { DeviceHint } from '../../keyring/device.ts';
import { networkOf } from './client-address.ts';

/**
 * The id of the caller: of its keyring where it has one, else of its client address; all IPv6 addresses of one
 * network (/64) are one caller. `unknown` where neither is known. Never shown, never logged.
 */
export function callerIdOf(keyringId: string | null, client: DeviceHint): string {
  if (keyringId !== null) return `keyring ${keyringId}`;
  return client.ipAddress === null ? 'unknown' : `address ${networkOf(client.ipAddress)}`;
}
