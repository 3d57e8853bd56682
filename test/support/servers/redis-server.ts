// A real Redis for a test: on a free loopback port, with a folder of its own, gone with the test.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis that can be stopped and started again on the same port, empty. */
export interface RedisServer {
  /** Where it listens. */
  readonly url: string;
  readonly port: number;
  /** Its own folder. */
  readonly folder: string;
  /** The file that SAVE writes. */
  readonly dump: string;
  /** Lets it hang: connections stay open, nothing is answered. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Stops it as a crash would. */
  stop(): Promise<void>;
  /** Starts it again after a stop. */
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Whether this machine has a redis-server. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/**
 * Starts a Redis.
 * @param settings words of its command line, behind those that every test has.
 * @param port where it listens. Default: a free port.
 * @param sentinel the configuration file of a Sentinel. Default: it is none.
 */
export async function startRedis(
  settings: readonly string[] = [],
  port?: number,
  sentinel?: string,
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kite-graphql-redis-'));
  port ??= await freePort();
  let running: ChildProcess | null = null;

  const start = async () => {
    running = spawn(
      'redis-server',
      [
        ...(sentinel === undefined ? [] : [sentinel, '--sentinel']),
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...(sentinel === undefined
          ? ['--save', '', '--appendonly', 'no', '--dbfilename', 'dump.rdb']
          : []),
        ...settings,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await ready(running);
  };
  const stop = async () => {
    const server = running;
    running = null;
    if (server === null || server.exitCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    dump: join(folder, 'dump.rdb'),
    pause: () => void running?.kill('SIGSTOP'),
    resume: () => void running?.kill('SIGCONT'),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve();
    });
    server.once('exit', () => reject(new Error(`redis-server did not start:\n${output}`)));
    server.once('error', reject);
  });
}

/** A port of the loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}
