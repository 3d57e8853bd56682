// The servers that are compared. Each is a process of its own, on the same core, with the same upstream.
import { type AddressInfo, createServer } from 'node:net';
import { Process } from './process.ts';

/** A server under test. */
export interface Server {
  readonly name: string;
  readonly port: number;
  /** Whether it is the one that reads no GraphQL. */
  readonly isFloor: boolean;
  readonly process: Process;
}

/** All of them, and what they call. */
export interface Stage {
  readonly upstream: Process;
  readonly upstreamUrl: string;
  readonly floor: Server;
  readonly gateway: Server;
  readonly mercurius: Server;
  readonly apollo: Server;
  /** Ends every process. */
  readonly end: () => void;
}

const instruments = [
  '--max-semi-space-size=64',
  '--expose-gc',
  '--import',
  './bench/instruments.ts',
];

/** Starts the upstream and the servers. */
export async function startStage(): Promise<Stage> {
  const processes: Process[] = [];
  const end = () => {
    for (const process of processes) process.end();
  };
  const started = (options: ConstructorParameters<typeof Process>[0]) => {
    const process = new Process(options);
    processes.push(process);
    return process;
  };
  try {
    const upstream = started({ words: ['bench/servers/upstream.ts'], isMeasured: false });
    const upstreamUrl = `http://127.0.0.1:${await upstream.word}`;

    const server = async (name: string, file: string): Promise<Server> => {
      const words = [`bench/servers/${file}.ts`, upstreamUrl];
      const process = started({ words, node: instruments, isMeasured: true });
      return { name, port: Number(await process.word), isFloor: file === 'floor', process };
    };

    const gateway = async (): Promise<Server> => {
      const port = await freePort();
      // The command as it is built and published, as an operator would start it, and its log at its usual level.
      const process = started({
        words: ['dist/command.js'],
        node: instruments,
        env: { PORT: String(port), KITE_BASE_URL: upstreamUrl, KITE_RATE_LIMIT: '0' },
        isMeasured: true,
      });
      await process.word;
      return { name: 'kite-graphql', port, isFloor: false, process };
    };

    return {
      upstream,
      upstreamUrl,
      floor: await server('the floor', 'floor'),
      mercurius: await server('Mercurius', 'mercurius'),
      gateway: await gateway(),
      apollo: await server('Apollo Server', 'apollo'),
      end,
    };
  } catch (error) {
    end();
    throw error;
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
