// The key of sums: what stands for the accounts of a sum in ids, and the way back from it to those accounts.
import { digestOfText } from '../../brokers/credential.ts';
import type { Context } from '../../context.ts';

/** The characters of a key that stand for one account: 48 bits of a digest. */
const characters = 8;
const listPrefix = 'of-';
const digestPrefix = 'all-';

/**
 * What stands for a set of accounts: the same for the same ones, in whatever order, in every request. A key of few
 * accounts names each of them by a short digest; a key of more than LIMIT_SUM_ID_ACCOUNTS is one digest of all.
 */
export function sumKey(ids: readonly string[], { limits }: Pick<Context, 'limits'>): string {
  const unique = [...new Set(ids)];
  if (unique.length > limits.sumIdAccounts) {
    return digestPrefix + digestOfWords('accounts', ...unique.sort());
  }
  return listPrefix + unique.map(shortDigest).sort().join('');
}

/** What a key stands for: ids of accounts, or why these cannot be told. */
export type KeyedAccounts =
  | { readonly ids: readonly string[] }
  | { readonly reason: 'not-a-key' | 'not-reached' | 'too-many' };

/** Finds the accounts that a key stands for among those that a request reaches, in their order. */
export function accountsOfKey(key: string, { accounts, limits }: Context): KeyedAccounts {
  const ids = accounts.map(({ id }) => id);
  if (key.startsWith(digestPrefix)) {
    return sumKey(ids, { limits }) === key ? { ids } : { reason: 'too-many' };
  }
  const list = key.slice(listPrefix.length);
  if (!key.startsWith(listPrefix) || list.length % characters !== 0) return { reason: 'not-a-key' };
  const wanted = new Set(list.match(/.{8}/gs));
  const found = ids.filter((id) => wanted.has(shortDigest(id)));
  return found.length === wanted.size ? { ids: found } : { reason: 'not-reached' };
}

function shortDigest(id: string): string {
  return digestOfWords('account', id).slice(0, characters);
}

function digestOfWords(...words: readonly string[]): string {
  return digestOfText(words.join('\0'));
}
