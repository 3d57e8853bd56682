// A loader of what is read whole for an account: asked for in many places of one operation, it is read once.
import type { Credential } from '../brokers/credential.ts';
import type { Account } from './account.ts';
import type { Answer, Asker } from './answer.ts';

/** Loads by account. No DataLoader: accounts are read one by one, so there is no batch to wait for. */
export class AccountLoader<T> {
  readonly #read: (credential: Credential, asker: Asker) => Promise<Answer<T>>;
  readonly #asker: Asker;
  readonly #loaded = new Map<string, Promise<T>>();

  constructor(read: (credential: Credential, asker: Asker) => Promise<Answer<T>>, asker: Asker) {
    this.#read = read;
    this.#asker = asker;
  }

  /** What is read for an account. Rejects with BrokerError. */
  load(account: Account): Promise<T> {
    const known = this.#loaded.get(account.id);
    if (known !== undefined) return known;
    const read = this.#read(account.credential, this.#asker).then(takeValue);
    this.#loaded.set(account.id, read);
    return read;
  }

  /** Takes what is known without a call for an account that has not been asked for. */
  prime(account: Account, value: Promise<T>): void {
    if (!this.#loaded.has(account.id)) this.#loaded.set(account.id, value);
  }

  /** Forgets what was loaded for an account. */
  clear(account: Account): void {
    this.#loaded.delete(account.id);
  }
}

function takeValue<T>({ value }: Answer<T>): T {
  return value;
}
