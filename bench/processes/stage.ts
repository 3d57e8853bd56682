// The servers that are compared. Each starts when it is first asked for, as a process of its own on the same core, with
// the same upstream.
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasRedis, startRedis } from '../../test/support/servers/redis-server.ts';
import { buildGateway, installOthers } from './prepare.ts';
import { Process, type StartOptions } from './process.ts';

/** A server under test. */
export interface Server {
  readonly name: string;
  readonly port: number;
  /** Whether it is the one that reads no GraphQL. */
  readonly isFloor: boolean;
  readonly process: Process;
}

/** The servers beside the gateway: the name, the file, and what it is started with after the upstream's address. */
const others = {
  floor: ['the floor', 'servers/floor.ts'],
  graphqlJs: ['graphql-js alone', 'servers/bare.ts', 'graphql-js'],
  graphqlTools: ['the executor of graphql-tools alone', 'servers/bare.ts', 'graphql-tools'],
  plans: ['the gateway’s plans alone', 'servers/bare.ts', 'plans'],
  mercurius: ['Mercurius, compiled', 'others/mercurius.ts', 'compiled'],
  mercuriusInterpreted: ['Mercurius, not compiled', 'others/mercurius.ts', 'interpreted'],
  apollo: ['Apollo Server', 'others/apollo.ts'],
} as const satisfies Record<string, readonly [name: string, file: string, word?: string]>;

/** The name of the gateway in all tables. */
export const gatewayName = 'kite-graphql';

const instruments = [
  '--max-semi-space-size=64',
  '--expose-gc',
  '--import',
  './bench/processes/instruments.ts',
];

/** The upstream, and the servers on it. */
export class Stage {
  /** Answers the calls of every server. */
  readonly upstream: Process;
  readonly upstreamUrl: string;
  /** What to do at the end, the last first. */
  readonly #ends: (() => void)[];
  readonly #servers = new Map<string, Promise<Server>>();

  private constructor(upstream: Process, upstreamUrl: string) {
    this.upstream = upstream;
    this.upstreamUrl = upstreamUrl;
    this.#ends = [() => upstream.end()];
  }

  /** Starts the upstream. */
  static async start(): Promise<Stage> {
    const upstream = new Process({ words: ['bench/servers/upstream.ts'], isMeasured: false });
    return new Stage(upstream, `http://127.0.0.1:${await upstream.word}`);
  }

  /** Starts a process that ends with the stage. */
  process(options: StartOptions): Process {
    const process = new Process(options);
    this.#ends.push(() => process.end());
    return process;
  }

  /** One of the servers that the gateway is compared with. */
  other(key: keyof typeof others): Promise<Server> {
    return this.#once(key, async () => {
      const [name, file, ...rest] = others[key];
      if (file.startsWith('others/')) installOthers();
      const words = [`bench/${file}`, this.upstreamUrl, ...rest];
      const process = this.process({ words, node: instruments, isMeasured: true });
      return { name, port: Number(await process.word), isFloor: key === 'floor', process };
    });
  }

  /**
   * The gateway: the command as it is built and published, as `npm start` starts it, with the log at its usual level.
   * @param settings beside those that every run needs.
   * @param loaded modules that are loaded before it.
   */
  gateway(
    settings: Readonly<Record<string, string>> = {},
    name = gatewayName,
    loaded: readonly string[] = [],
  ): Promise<Server> {
    return this.#once(JSON.stringify([settings, loaded]), async () => {
      buildGateway();
      const port = await freePort();
      const process = this.process({
        words: ['dist/command.js'],
        node: [
          ...instruments,
          ...loaded.flatMap((module) => ['--import', module]),
          '--disallow-code-generation-from-strings',
        ],
        env: {
          PORT: String(port),
          KITE_BASE_URL: this.upstreamUrl,
          KITE_RATE_LIMIT: '0',
          ...settings,
        },
        isLogging: true,
        isMeasured: true,
      });
      await process.word;
      return { name, port, isFloor: false, process };
    });
  }

  /** The address of a new SQLite file, which goes with the stage. */
  sqlite(): string {
    const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-bench-'));
    // The first of the ends, and so the last to be done: a gateway may still write to the file before.
    this.#ends.unshift(() => rmSync(folder, { recursive: true, force: true }));
    return `sqlite:${join(folder, 'keyrings.db')}`;
  }

  /** The address of a new Redis; null where this machine has none. */
  async redis(): Promise<string | null> {
    if (!hasRedis()) return null;
    const redis = await startRedis();
    this.#ends.push(() => void redis.stop());
    return redis.url;
  }

  /** Ends every process. */
  end(): void {
    for (const end of this.#ends.toReversed()) end();
  }

  #once(key: string, start: () => Promise<Server>): Promise<Server> {
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const server = start();
    this.#servers.set(key, server);
    return server;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
