// Whether the keys open what a store holds: with other keys every browser is logged out, and nothing else shows it.
import type { KeyringStore } from '../stores/store.ts';
import { isChallenge } from './encrypted-challenges.ts';
import { recordBinding } from './encrypted-records.ts';
import type { Encrypter } from './encrypter.ts';

/** What came of the try. */
export interface KeyCheck {
  /** How many keyrings were tried. */
  readonly tried: number;
  /** How many of them no key opens. */
  readonly unreadable: number;
}

/**
 * Tries the keys on some keyrings of a store.
 * @param count the most keyrings to try.
 * @throws KeyringStoreError where the store is down.
 */
export async function checkKeys(
  store: KeyringStore,
  encrypter: Encrypter,
  count: number,
): Promise<KeyCheck> {
  const page = await store.listing?.keyrings(null, count);
  let tried = 0;
  let unreadable = 0;
  const ofBrowsers = (page?.items ?? []).filter((id) => !isChallenge(id));
  for (const id of ofBrowsers.slice(0, count)) {
    const rows = (await store.openKeyring(id))?.records ?? [];
    if (rows.length === 0) continue;
    tried += 1;
    const isOpen = rows.some(
      ({ key, encrypted }) => encrypter.decrypt(recordBinding(id, key), encrypted).ok,
    );
    if (!isOpen) unreadable += 1;
  }
  return { tried, unreadable };
}
