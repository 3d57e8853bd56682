// How often one address may try to redeem request tokens: a gateway that holds the secret turns a stolen
// request token into a session.
import { networkOf } from '../request/client-info.ts';
import type { MinuteLimits } from './minute-limits.ts';

/** Counts an attempt of an address: 0 where it is allowed, else the seconds until the next one is. */
export type Attempts = (address: string | null) => number | Promise<number>;

/**
 * Makes a counter of attempts. An unknown address counts as one, and so do all IPv6 addresses of one network (/64),
 * which is what a single customer is given.
 * @param maxAttempts the most of one address in a minute.
 */
export function createAttempts(minutes: MinuteLimits, maxAttempts: number): Attempts {
  const limit = minutes.limit('attempts', maxAttempts);
  return (address) => limit(address === null ? 'unknown' : networkOf(address));
}
