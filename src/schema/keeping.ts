// How writes to a keyring fail, as data.
import { KeyringFullError } from '../keyring/keyring.ts';
import { KeyringStoreError } from '../keyring/store.ts';
import { badInput, keyringUnavailable, type Problem } from './problem.ts';

/**
 * The outcome of a write to a keyring, or the problem that it met. Not retryable: Kite has been called,
 * and a one-time token is spent.
 */
export async function keeping<T>(write: () => Promise<T>): Promise<T | Problem> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof KeyringStoreError) return { ...keyringUnavailable(), retryable: false };
    if (error instanceof KeyringFullError) {
      return badInput(
        'state',
        'This browser holds as many sessions as it may: log some out first.',
      );
    }
    throw error;
  }
}
