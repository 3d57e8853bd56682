// The loader of profiles: an account asked for in many places of one operation is called once.
import DataLoader from 'dataloader';
import type { KiteClient } from '../kite/client.ts';
import type { Profile } from '../kite/profile.ts';
import type { Account } from './account.ts';

/** Loads an account's profile. Rejects with KiteError. */
export type ProfileLoader = DataLoader<Account, Promise<Profile>, string>;

/** Makes the loader for one operation, whose signal ends its calls. */
export function createProfileLoader(kite: KiteClient, signal: AbortSignal): ProfileLoader {
  return new DataLoader(
    // An array of promises, not a promise of answers: one hanging account holds back no other.
    async (accounts) => accounts.map((account) => kite.profile(account.credential, signal)),
    { cacheKeyFn: (account) => account.id },
  );
}
