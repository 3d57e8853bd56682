// Several Redis servers as one client: a cluster that shares the keys out, and a master that Sentinels watch.
import { machineClock } from '../clock.ts';
import { type CommandOptions, evalWords, type RedisClient } from './commands.ts';

type Listener = (error?: unknown, node?: unknown) => void;

/** What is needed of the library's client of a node. */
interface Node {
  sendCommand(words: readonly string[], options?: CommandOptions): Promise<unknown>;
}

/** What is needed of the library's client of a cluster. */
interface Cluster<Master extends { readonly address: string }> {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly masters: readonly Master[];
  connect(): Promise<unknown>;
  sendCommand(
    key: string | undefined,
    isReadonly: boolean,
    words: string[],
    options?: CommandOptions,
  ): Promise<unknown>;
  nodeClient(master: Master): Promise<Node>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: Listener): unknown;
  destroy(): void;
}

/** What is needed of the library's client of Sentinels. */
interface Sentinel {
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  sendCommand(isReadonly: boolean, words: string[], options?: CommandOptions): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: Listener): unknown;
  destroy(): Promise<unknown>;
}

/** The client of a cluster. @param patience the longest pause before the next try, in milliseconds. */
export function clusterClient<Master extends { readonly address: string }>(
  cluster: Cluster<Master>,
  patience: number,
): RedisClient {
  const trying = new Trying(() => cluster.connect(), patience);
  const lost: Listener[] = [];
  const ready = new Set<string>();
  cluster.on('node-ready', (node) => void ready.add(JSON.stringify(node)));
  cluster.on('node-error', (_error, node) => {
    if (ready.delete(JSON.stringify(node))) for (const listener of lost) listener();
  });
  return {
    get isOpen() {
      return trying.isOpen;
    },
    get isReady() {
      return cluster.isReady;
    },
    isCluster: true,
    mayWait: true,
    get servers() {
      return cluster.masters.map(({ address }) => address).sort();
    },
    connect: () => trying.connect(),
    eval: (script, input, sending) =>
      cluster.sendCommand(input.keys[0], false, evalWords(script, input), sending),
    async evalOn(server, script, args, sending) {
      const master = cluster.masters.find(({ address }) => address === server);
      if (master === undefined) throw new Error('The cluster has other masters now');
      const client = await cluster.nodeClient(master);
      return client.sendCommand(evalWords(script, { keys: [], arguments: args }), sending);
    },
    subscribe: (channel, listener) => cluster.subscribe(channel, listener),
    unsubscribe: (channel) => cluster.unsubscribe(channel),
    on(event: 'error' | 'ready' | 'lost', listener: Listener) {
      if (event === 'lost') lost.push(listener);
      else {
        cluster.on(event === 'ready' ? 'connect' : event, listener);
        cluster.on(`node-${event}`, listener);
      }
    },
    destroy() {
      trying.end();
      if (cluster.isOpen) cluster.destroy();
    },
  };
}

/** The client of a master behind Sentinels. @param patience the longest pause before the next try, in milliseconds. */
export function sentinelClient(sentinel: Sentinel, patience: number): RedisClient {
  const trying = new Trying(() => sentinel.connect(), patience);
  return {
    get isOpen() {
      return trying.isOpen;
    },
    get isReady() {
      return sentinel.isReady;
    },
    isCluster: false,
    mayWait: true,
    servers: [''],
    connect: () => trying.connect(),
    eval: (script, input, sending) =>
      sentinel.sendCommand(false, evalWords(script, input), sending),
    evalOn: (_server, script, args, sending) =>
      sentinel.sendCommand(false, evalWords(script, { keys: [], arguments: args }), sending),
    subscribe: (channel, listener) => sentinel.subscribe(channel, listener),
    unsubscribe: (channel) => sentinel.unsubscribe(channel),
    on(event: string, listener: Listener) {
      if (event !== 'lost') sentinel.on(event, listener);
      else {
        // A Sentinel counts nothing: that it is away loses nothing.
        sentinel.on('error', (error) => {
          if (error instanceof Error && /^Master Client/.test(error.message)) listener();
        });
        sentinel.on('topology-change', (change) => {
          if (sentinel.isReady && Object(change).type === 'MASTER_CHANGE') listener();
        });
      }
    },
    destroy() {
      trying.end();
      sentinel.destroy().catch(() => {});
    },
  };
}

/** Tries to connect until it succeeds, as the client of one server does by itself. */
class Trying {
  readonly #connect: () => Promise<unknown>;
  readonly #patience: number;
  readonly #ended = new AbortController();
  #isOpen = false;

  constructor(connect: () => Promise<unknown>, patience: number) {
    this.#connect = connect;
    this.#patience = patience;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async connect(): Promise<void> {
    this.#isOpen = true;
    for (let retries = 0; ; retries += 1) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        const milliseconds = Math.min(50 * 2 ** Math.min(retries, 10), this.#patience);
        await machineClock.wait(milliseconds, this.#ended.signal);
        if (!this.#isOpen) throw error;
      }
    }
  }

  end(): void {
    this.#isOpen = false;
    this.#ended.abort();
  }
}
