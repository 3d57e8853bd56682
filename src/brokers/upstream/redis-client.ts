// The one place that opens connections to Redis: they fail fast, come back by themselves, and let no error of the
// client's own through.
import {
  ConnectionTimeoutError,
  createClient,
  createCluster,
  createSentinel,
  ErrorReply,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
} from '@redis/client';
import { parseRedisUrl, type RedisAddress } from '../../shared/redis-address.ts';
import { evalWords, type RedisClient } from './redis/commands.ts';
import { clusterClient, sentinelClient } from './redis/topologies.ts';
import { systemCode } from './system-code.ts';

/** A connection that fell silent is noticed by the ping that stays unanswered, and made anew. */
const pingInterval = 2_000;

/**
 * A client that is not connected yet.
 * @param address a text alone is its `url`.
 * @param connectSeconds how long a connection may take, and the longest pause before the next one is tried.
 * @throws TypeError for a URL that is not one of Redis; it is not quoted.
 */
export function createRedisClient(
  address: string | RedisAddress,
  connectSeconds: number,
): RedisClient {
  const { url, ca, sentinelMaster, sentinelPassword }: RedisAddress =
    typeof address === 'string' ? { url: address } : address;
  const patience = connectSeconds * 1_000;
  const { isTls, nodes, username, password, database } = parseRedisUrl(url);
  const socket = {
    connectTimeout: patience,
    socketTimeout: 2 * pingInterval + patience,
    reconnectStrategy: (retries: number) => Math.min(50 * 2 ** Math.min(retries, 10), patience),
    ...(isTls && { tls: true as const, ...(ca !== undefined && { ca }) }),
  };
  // What waits for a connection would hold its caller back, and be written after the caller was told that it failed.
  const options = {
    disableOfflineQueue: true,
    pingInterval,
    socket,
    // A user of Redis needs no right to what is of no use here.
    disableClientInfo: true,
    maintNotifications: 'disabled' as const,
  };
  const login = { ...(username && { username }), ...(password && { password }) };
  if (sentinelMaster !== undefined) {
    const sentinel = createSentinel({
      name: sentinelMaster,
      sentinelRootNodes: [...nodes],
      nodeClientOptions: { ...options, ...login, database },
      sentinelClientOptions: {
        ...options,
        ...(sentinelPassword && { password: sentinelPassword }),
      },
      // A command that failed may have been carried out: it is not sent again.
      maxCommandRediscovers: 0,
      // Longer than a scan in which Sentinels do not answer: one that begins while another runs holds all commands back.
      scanInterval: 10 * patience,
      reserveClient: true,
      passthroughClientErrorEvents: true,
    });
    return sentinelClient(sentinel, patience);
  }
  if (nodes.length > 1) {
    const cluster = createCluster({
      rootNodes: nodes.map((node) => ({ socket: { ...socket, ...node } })),
      defaults: { ...options, ...login },
      // Else the first connection would wait for every node, also for one that is down.
      minimizeConnections: true,
      topologyRefreshOnReconnectionAttemptStrategy: patience,
    });
    return clusterClient(cluster, patience);
  }
  const [node] = nodes;
  return serverClient(
    createClient({ ...options, ...login, database, socket: { ...socket, ...node } }),
  );
}

/** The client of one server. */
function serverClient(client: ReturnType<typeof createClient>): RedisClient {
  return {
    get isOpen() {
      return client.isOpen;
    },
    get isReady() {
      return client.isReady;
    },
    isCluster: false,
    mayWait: false,
    servers: [''],
    connect: () => client.connect(),
    eval: (script, input, sending) => client.sendCommand(evalWords(script, input), sending),
    evalOn: (_server, script, args, sending) =>
      client.sendCommand(evalWords(script, { keys: [], arguments: args }), sending),
    subscribe: (channel, listener) => client.subscribe(channel, listener),
    unsubscribe: (channel) => client.unsubscribe(channel),
    on(event: string, listener: (error: unknown) => void) {
      if (event !== 'lost') client.on(event, listener);
      else client.on('ready', () => client.once('error', listener));
    },
    destroy: () => client.destroy(),
  };
}

/** The code of a system's error, or the first word of what Redis answered, such as `WRONGPASS`; null where unknown. */
export function redisCause(error: unknown): string | null {
  // The client of Sentinels wraps the errors of the master.
  if (error instanceof Error && error.cause instanceof Error) return redisCause(error.cause);
  if (error instanceof ErrorReply) return /^[A-Z]{2,32}(?= |$)/.exec(error.message)?.[0] ?? null;
  if (error instanceof SocketClosedUnexpectedlyError) return 'ECONNRESET';
  if (error instanceof RootNodesUnavailableError) return 'ECONNREFUSED';
  if (error instanceof ConnectionTimeoutError || error instanceof SocketTimeoutError) {
    return 'ETIMEDOUT';
  }
  return error instanceof Error && 'code' in error ? systemCode(error.code) : null;
}
