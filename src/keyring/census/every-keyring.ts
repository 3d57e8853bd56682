// All that a store holds, page by page: no more than a page is in memory.
import { isChallenge } from '../crypto/encrypted-challenges.ts';
import type { KeyringStore, Page, StoredKeyring, StoreListing } from '../stores/store.ts';

/** What is read from the store with one step. */
const pageSize = 100;

/** Every item of a listing. An item may come twice. */
export async function* everyPage<Item>(
  read: (after: string | null, count: number) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
  let after: string | null = null;
  do {
    const page: Page<Item> = await read(after, pageSize);
    if (page.items.length > 0) yield page.items;
    after = page.next;
  } while (after !== null);
}

/** Every keyring of the store that has sessions, some at a time. One may come twice. */
export async function* everyKeyring({
  store,
  listing,
}: {
  readonly store: KeyringStore;
  readonly listing: StoreListing;
}): AsyncGenerator<StoredKeyring> {
  for await (const ids of everyPage((after, count) => listing.keyrings(after, count))) {
    const ofBrowsers = ids.filter((id) => !isChallenge(id));
    const found = await Promise.all(ofBrowsers.map((id) => store.openKeyring(id)));
    for (const keyring of found) if (keyring !== null) yield keyring;
  }
}
