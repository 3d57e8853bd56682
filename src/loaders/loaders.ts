// The loaders of one operation.
import type { KotakMargins, Profile } from '../brokers/answers.ts';
import type { Account } from './account.ts';
import { AccountLoader } from './account-loader.ts';
import type { Asker } from './answer.ts';
import { createMarginsLoader, type MarginsLoader } from './margins.ts';
import type { SharedReads } from './shared-reads.ts';

/** What resolvers read upstream data through. They live for one operation. */
export interface Loaders {
  readonly profiles: AccountLoader<Profile>;
  readonly kotakMargins: AccountLoader<KotakMargins>;
  readonly margins: MarginsLoader;
  /**
   * Forgets all that was read for an account, here and in what requests share, so that nothing is answered from
   * before its session was ended or renewed. To be called before Kite is, and again after, however that went.
   */
  readonly forget: (account: Account) => void;
}

/** Makes the loaders of one operation. */
export function createLoaders(reads: SharedReads, asker: Asker): Loaders {
  const profiles = new AccountLoader(reads.profile, asker);
  const kotakMargins = new AccountLoader(reads.kotakMargins, asker);
  const margins = createMarginsLoader(reads, asker);
  return {
    profiles,
    kotakMargins,
    margins,
    forget(account) {
      profiles.clear(account);
      kotakMargins.clear(account);
      margins.clear({ account, segment: 'equity' }).clear({ account, segment: 'commodity' });
      reads.forget(account.credential);
    },
  };
}
