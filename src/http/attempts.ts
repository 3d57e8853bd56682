// How often one address may try to redeem request tokens: a gateway that holds the secret turns a stolen
// request token into a session, so nobody may try many.

/** The most attempts of one address in the window. */
const mostAttempts = 30;
/** The window, in milliseconds. */
const window = 60_000;
/** The most addresses remembered; the one seen longest ago goes first. */
const mostAddresses = 10_000;

/** Counts an attempt of an address, and says whether it is allowed. */
export type Attempts = (address: string | null) => boolean;

/** Makes a counter of attempts: 30 in any minute for each address. An unknown address counts as one. */
export function createAttempts(now: () => Date): Attempts {
  const seen = new Map<string, readonly number[]>();
  return (address) => {
    const key = address ?? '';
    const at = now().getTime();
    const recent = (seen.get(key) ?? []).filter((time) => at - time < window);
    const allowed = recent.length < mostAttempts;
    seen.delete(key);
    seen.set(key, allowed ? [...recent, at] : recent);
    const [oldest] = seen.keys();
    if (seen.size > mostAddresses && oldest !== undefined) seen.delete(oldest);
    return allowed;
  };
}
