// The loader of profiles: an account asked for in many places of one operation is read once.
import type { Profile } from '../brokers/answers.ts';
import type { Account } from './account.ts';
import type { Answer, Asker } from './answer.ts';
import type { SharedReads } from './shared-reads.ts';

/** Loads an account's profile. No DataLoader: profiles are read one by one, so there is no batch to wait for. */
export class ProfileLoader {
  readonly #reads: SharedReads;
  readonly #asker: Asker;
  readonly #loaded = new Map<string, Promise<Profile>>();

  constructor(reads: SharedReads, asker: Asker) {
    this.#reads = reads;
    this.#asker = asker;
  }

  /** The profile of an account. Rejects with BrokerError. */
  load(account: Account): Promise<Profile> {
    const known = this.#loaded.get(account.id);
    if (known !== undefined) return known;
    const profile = this.#reads.profile(account.credential, this.#asker).then(profileOf);
    this.#loaded.set(account.id, profile);
    return profile;
  }

  /** Takes a profile that is known without a call for an account that has not been asked for. */
  prime(account: Account, profile: Promise<Profile>): void {
    if (!this.#loaded.has(account.id)) this.#loaded.set(account.id, profile);
  }

  /** Forgets what was loaded for an account. */
  clear(account: Account): void {
    this.#loaded.delete(account.id);
  }
}

function profileOf({ value }: Answer<Profile>): Profile {
  return value;
}
