// The loaders of one operation.
import type { KiteClient } from '../kite/client.ts';
import type { Account } from './account.ts';
import { createMarginsLoader, type MarginsLoader } from './margins.ts';
import { createProfileLoader, type ProfileLoader } from './profiles.ts';

/** What resolvers read upstream data through. They live for one operation. */
export interface Loaders {
  readonly profiles: ProfileLoader;
  readonly margins: MarginsLoader;
}

/** Makes the loaders of one operation, whose signal ends their calls. */
export function createLoaders(kite: KiteClient, now: () => Date, signal: AbortSignal): Loaders {
  return {
    profiles: createProfileLoader(kite, signal),
    margins: createMarginsLoader(kite, now, signal),
  };
}

/** Forgets what was loaded for an account, so that nothing is answered from before its logout. */
export function forgetAccount({ profiles, margins }: Loaders, account: Account): void {
  profiles.clear(account);
  margins.clear({ account, segment: 'equity' }).clear({ account, segment: 'commodity' });
}
