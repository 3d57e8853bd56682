// Channels of Redis that are listened to, all on one connection, which is opened for the first listener.
import type { RedisAddress } from '../../shared/redis-address.ts';
import type { RedisClient } from './redis/commands.ts';
import { createRedisClient } from './redis-client.ts';

/** What listens to a channel. */
export interface ChannelListener {
  /** Receives each message. */
  readonly onMessage: (message: string) => void;
  /** Called once the channel is listened to, and again wherever messages may have been missed. */
  readonly onGap: () => void;
}

/** Channels, and the way to be rid of their connection. */
export interface RedisChannels {
  /** Listens to a channel; gives the way to stop. Never throws. */
  listen(name: string, listener: ChannelListener): () => void;
  /** Cuts the connection. A second close does nothing. */
  close(): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  isSubscribed: boolean;
  isSettling: boolean;
}

/**
 * Channels of the Redis at an address. Where it cannot be reached, no message comes; the connection is tried again until it can.
 * @param connectSeconds how long one connection may take, and the longest pause before the next one.
 */
export function createRedisChannels(
  address: string | RedisAddress,
  connectSeconds: number,
): RedisChannels {
  const channels = new Map<string, Channel>();
  let client: RedisClient | null = null;
  let isClosed = false;

  function connect(): void {
    if (client !== null || isClosed) return;
    client = createRedisClient(address, connectSeconds);
    // Without a listener Node would end the process. The client connects again by itself.
    client.on('error', () => {});
    client.on('ready', () => {
      for (const [name, channel] of channels) {
        void settle(name, channel);
        // What was published while there was no connection is lost.
        tellOfGap(channel);
      }
    });
    client.connect().catch(() => {});
  }

  /** Subscribes to a channel that is listened to, and unsubscribes from one that no longer is. */
  async function settle(name: string, channel: Channel): Promise<void> {
    if (channel.isSettling) return;
    channel.isSettling = true;
    const hear = (message: string) => {
      for (const { onMessage } of [...(channels.get(name)?.listeners ?? [])]) onMessage(message);
    };
    try {
      while (client?.isReady && channel.listeners.size > 0 !== channel.isSubscribed) {
        if (channel.isSubscribed) {
          await client.unsubscribe(name);
          channel.isSubscribed = false;
        } else {
          await client.subscribe(name, hear);
          channel.isSubscribed = true;
          // What was published before the subscription is not delivered.
          tellOfGap(channel);
        }
      }
    } catch {
      // The connection broke: the next one subscribes again.
    }
    channel.isSettling = false;
    if (channel.listeners.size === 0 && !channel.isSubscribed) channels.delete(name);
  }

  return {
    listen(name, { onMessage, onGap }) {
      connect();
      const channel = channels.get(name) ?? {
        listeners: new Set(),
        isSubscribed: false,
        isSettling: false,
      };
      channels.set(name, channel);
      // Of its own, so that equal ones count twice.
      const listener = { onMessage, onGap };
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

function tellOfGap({ listeners }: Channel): void {
  for (const { onGap } of [...listeners]) onGap();
}
