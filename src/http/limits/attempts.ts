// How often one address may try to redeem request tokens: a gateway that holds the secret turns a stolen
// request token into a session.
import { networkOf } from '../request/client-address.ts';

/** The window, in milliseconds. */
const window = 60_000;
/** The most addresses remembered; the one seen longest ago is evicted. */
const maxAddresses = 10_000;

/** Counts an attempt of an address, and says whether it is allowed. */
export type Attempts = (address: string | null) => boolean;

/**
 * Makes a counter of attempts. An unknown address counts as one, and so do all IPv6 addresses of one network (/64),
 * which is what a single customer is given.
 * @param maxAttempts the most of one address in any minute.
 * @param milliseconds a clock that never jumps: an hour set back would refuse an address for as long.
 */
export function createAttempts(maxAttempts: number, milliseconds: () => number): Attempts {
  const seen = new Map<string, readonly number[]>();
  return (address) => {
    const key = address === null ? '' : networkOf(address);
    const at = milliseconds();
    const recent = (seen.get(key) ?? []).filter((time) => at - time < window);
    const allowed = recent.length < maxAttempts;
    seen.delete(key);
    seen.set(key, allowed ? [...recent, at] : recent);
    const [oldest] = seen.keys();
    if (seen.size > maxAddresses && oldest !== undefined) seen.delete(oldest);
    return allowed;
  };
}
