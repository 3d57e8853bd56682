// From the operator's words to a store. Each store is loaded only where it is wanted.

import { type Limits, withDefaultLimits } from '../../limits.ts';
import { isRedisUrl, type RedisAddress } from '../../shared/redis-address.ts';
import { createMemoryStore } from './memory-store.ts';
import type { KeyringStore } from './store.ts';

/**
 * Opens the store that `url` names: `memory:`, `sqlite:<file>`, `redis://…` or `rediss://…`; several addresses of a Redis
 * Cluster are separated by commas.
 * @param now tells the time by which things expire.
 * @param monotonic milliseconds of a clock that only runs forward, beside which `now` must be plausible before anything
 * is deleted. Default: the machine's.
 * @param limits bounds on its work. Default: as docs/limits.md lists them.
 * @param redis how Redis is reached, beside its address.
 * @throws TypeError for anything else, without quoting it; KeyringStoreError where the store cannot be opened now.
 */
export async function openKeyringStore(
  url: string,
  now: () => Date,
  monotonic: () => number = () => performance.now(),
  limits: Limits = withDefaultLimits(),
  redis: Omit<RedisAddress, 'url'> = {},
): Promise<KeyringStore> {
  if (url === 'memory:') return createMemoryStore(now, monotonic);
  const file = /^sqlite:(?<file>.+)$/s.exec(url)?.groups?.file;
  if (file !== undefined) {
    const { openSqliteStore } = await import('./sqlite/store.ts');
    return openSqliteStore(file, now, monotonic, limits);
  }
  if (isRedisUrl(url)) {
    const { openRedisStore } = await import('./redis/store.ts');
    return openRedisStore({ ...redis, url }, now, monotonic, limits);
  }
  throw new TypeError(
    'A keyring store must be memory:, sqlite:<file>, redis://<host> or rediss://<host>',
  );
}
