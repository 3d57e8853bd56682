// Notices of writes in Redis: each keyring has a channel, to which the scripts publish.
import { createRedisChannels } from '../../../brokers/upstream/redis-channels.ts';
import type { RedisAddress } from '../../../shared/redis-address.ts';
import type { KeyringNotices } from '../store.ts';
import { channelOf } from './scripts.ts';

/** Notices that come over Redis, and the way to be rid of their connection. */
export interface RedisNotices extends KeyringNotices {
  /** Cuts the connection. A second close does nothing. */
  close(): void;
}

/**
 * Notices of the Redis at an address. Where it cannot be reached, none come; the connection is tried again until it can.
 * @param connectSeconds how long one connection may take, and the longest pause before the next one.
 */
export function createRedisNotices(
  address: string | RedisAddress,
  connectSeconds: number,
): RedisNotices {
  const channels = createRedisChannels(address, connectSeconds);
  return {
    watch: (keyringId, onNotice) =>
      channels.listen(channelOf(keyringId), { onMessage: () => onNotice(), onGap: onNotice }),
    close: () => channels.close(),
  };
}
