// Says in the log where sessions of the store open with none of the keys: at the start, and now and then as long as it is so.
import type { Logger } from 'pino';
import { type Clock, machineClock } from '../brokers/upstream/clock.ts';
import { createEncrypter } from '../keyring/crypto/encrypter.ts';
import { checkKeys } from '../keyring/crypto/key-check.ts';
import { type KeyringStore, KeyringStoreError } from '../keyring/stores/store.ts';
import type { Limits } from '../limits.ts';

/**
 * Tries the keys on some browsers of the store, and warns of those that no key opens: their users are logged out, or
 * another gateway has other keys. Resolves after the first try; the others follow in the background.
 * @param signal ends them.
 */
export async function watchKeys(
  store: KeyringStore,
  keys: readonly Uint8Array[] | undefined,
  limits: Pick<Limits, 'triedKeyrings' | 'unreadableLogMinutes'>,
  log: Logger,
  signal: AbortSignal,
  clock: Clock = machineClock,
): Promise<void> {
  if (keys === undefined) return;
  const encrypter = createEncrypter(keys);
  async function check(): Promise<void> {
    try {
      const { tried, unreadable } = await checkKeys(store, encrypter, limits.triedKeyrings);
      if (unreadable === 0) return;
      log.warn(
        { tried, unreadable },
        'Browsers of the store cannot be decrypted with KEYRING_KEYS: they are logged out. Add the key that encrypted them behind the first one',
      );
    } catch (error) {
      // A store that is down is told of by the requests that need it.
      if (error instanceof KeyringStoreError) return;
      const cause = error instanceof Error ? error.name : typeof error;
      log.error({ cause }, 'KEYRING_KEYS could not be tried on the store');
    }
  }

  async function repeat(): Promise<void> {
    const pause = limits.unreadableLogMinutes * 60_000;
    for (;;) {
      await clock.wait(pause, signal);
      if (signal.aborted) return;
      await check();
    }
  }

  await check();
  void repeat();
}
