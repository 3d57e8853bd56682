// Notices of writes in Redis: each keyring has a channel, to which the scripts publish. One connection, opened for the
// first that listens, subscribes to the channels that are listened to.
import { createRedisClient } from '../../../brokers/upstream/redis-client.ts';
import type { KeyringNotices } from '../store.ts';
import { channelOf } from './scripts.ts';

interface Channel {
  readonly listeners: Set<() => void>;
  isSubscribed: boolean;
  isSettling: boolean;
}

/** Notices that come over Redis, and the way to be rid of their connection. */
export interface RedisNotices extends KeyringNotices {
  /** Cuts the connection. A second close does nothing. */
  close(): void;
}

/**
 * Notices of the Redis at `url`. Where it cannot be reached, none come; the connection is tried again until it can.
 * @param connectSeconds how long one connection may take, and the longest pause before the next one.
 */
export function createRedisNotices(url: string, connectSeconds: number): RedisNotices {
  const channels = new Map<string, Channel>();
  let client: ReturnType<typeof createRedisClient> | null = null;
  let isClosed = false;

  function tell(channel: Channel | undefined): void {
    for (const listener of [...(channel?.listeners ?? [])]) listener();
  }

  function connect(): void {
    if (client !== null || isClosed) return;
    client = createRedisClient(url, connectSeconds);
    // Without a listener Node would end the process. The client connects again by itself.
    client.on('error', () => {});
    client.on('ready', () => {
      for (const [name, channel] of channels) {
        void settle(name, channel);
        // What was published while there was no connection is lost.
        tell(channel);
      }
    });
    client.connect().catch(() => {});
  }

  /** Subscribes to a channel that is listened to, and unsubscribes from one that no longer is. */
  async function settle(name: string, channel: Channel): Promise<void> {
    if (channel.isSettling) return;
    channel.isSettling = true;
    const hear = () => tell(channels.get(name));
    try {
      while (client?.isReady && channel.listeners.size > 0 !== channel.isSubscribed) {
        if (channel.isSubscribed) {
          await client.unsubscribe(name);
          channel.isSubscribed = false;
        } else {
          await client.subscribe(name, hear);
          channel.isSubscribed = true;
          // What was published before the subscription is not delivered.
          tell(channel);
        }
      }
    } catch {
      // The connection broke: the next one subscribes again.
    }
    channel.isSettling = false;
    if (channel.listeners.size === 0 && !channel.isSubscribed) channels.delete(name);
  }

  return {
    watch(keyringId, onNotice) {
      connect();
      const name = channelOf(keyringId);
      const channel = channels.get(name) ?? {
        listeners: new Set(),
        isSubscribed: false,
        isSettling: false,
      };
      channels.set(name, channel);
      const listener = () => onNotice();
      channel.listeners.add(listener);
      void settle(name, channel);
      return () => {
        channel.listeners.delete(listener);
        void settle(name, channel);
      };
    },

    close() {
      isClosed = true;
      channels.clear();
      if (client?.isOpen) client.destroy();
    },
  };
}
