// How often passwords and access codes may be tried: wrong tries lock an account at the broker, and a stranger's must not
// do that unnoticed.
import type { BrokerName } from '../../brokers/broker-name.ts';
import type { Encrypter } from '../../keyring/crypto/encrypter.ts';
import type { Limits } from '../../limits.ts';
import { networkOf } from '../request/client-info.ts';
import type { MinuteLimits } from './minute-limits.ts';

/** What is tried. Each is counted by itself. */
export type TriedFactor = 'password' | 'code';

/** Whose password or code is tried. */
export interface TriedUser {
  readonly broker: BrokerName;
  readonly userId: string;
}

/** Counts a try of an address and of a user: 0 where it is allowed, else the seconds until the next one is. */
export type PasswordTries = (
  factor: TriedFactor,
  address: string | null,
  user: TriedUser,
) => Promise<number>;

/**
 * Makes a counter of tries. A try that is too many for its address does not count for the user.
 * @param encrypter makes the names of users in Redis, from which no user id can be read.
 */
export function createPasswordTries(
  minutes: MinuteLimits,
  { passwordTries, passwordTriesPerUser }: Limits,
  encrypter: Pick<Encrypter, 'names'>,
): PasswordTries {
  const ofAddress = minutes.limit('password-tries', passwordTries);
  const ofUser = minutes.limit('password-tries-per-user', passwordTriesPerUser);
  return async (factor, address, { broker, userId }) => {
    const network = address === null ? 'unknown' : networkOf(address);
    const seconds = await ofAddress(`${factor} ${network}`);
    if (seconds > 0) return seconds;
    // A broker may read letters in either case.
    const [name] = encrypter.names('password tries', broker, userId.toUpperCase());
    return ofUser(`${factor} ${name}`);
  };
}
