// The loader of profiles: an account asked for in many places of one operation is read once.
import DataLoader from 'dataloader';
import type { Profile } from '../brokers/answers.ts';
import type { Account } from './account.ts';
import type { Asker } from './answer.ts';
import type { SharedReads } from './shared-reads.ts';

/** Loads an account's profile. Rejects with BrokerError. */
export type ProfileLoader = DataLoader<Account, Promise<Profile>, string>;

/** Makes the loader for one operation. */
export function createProfileLoader(reads: SharedReads, asker: Asker): ProfileLoader {
  return new DataLoader(
    // An array of promises, not a promise of answers: one hanging account holds back no other.
    async (accounts) =>
      accounts.map(({ credential }) => reads.profile(credential, asker).then(({ value }) => value)),
    { cacheKeyFn: (account) => account.id },
  );
}
