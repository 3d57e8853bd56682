// The command as a process of its own, for tests that wait for what it says and never for time.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { environmentWith } from './environment.ts';

const source = fileURLToPath(new URL('../../../src/command.ts', import.meta.url));

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running process. */
export interface Running {
  readonly process: ChildProcess;
  /** Waits until a stream has said something that matches; fails when the process ends before. */
  said(pattern: RegExp, stream?: 'stdout' | 'stderr'): Promise<string>;
  /** Waits for its end. */
  readonly ended: Promise<Ended>;
}

/** Settings of a process. */
export interface RunOptions {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The working folder; default: an empty one. */
  readonly cwd?: string;
  /** What is run; default: the command from its source. */
  readonly program?: readonly string[];
  /** The numbers of the user and the group; default: those of the tests. */
  readonly uid?: number;
  readonly gid?: number;
  /** Whether the processes that it starts are killed with it when the test ends. */
  readonly isGroup?: boolean;
}

/** Runs a program, by default `kite-graphql`, and kills it when the test ends. */
export function run(options: RunOptions = {}): Running {
  const { words = [], env = {}, cwd, program, isGroup = false, ...user } = options;
  const [file, ...first] = program ?? [process.execPath, source];
  const child = spawn(file ?? '', [...first, ...words], {
    cwd: cwd ?? emptyFolder(),
    env: environmentWith(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isGroup,
    ...user,
  });
  const text = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  onTestFinished(async () => {
    if (isGroup) killGroup(child.pid);
    else child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    ended,
    said: (pattern, stream = 'stdout') =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(text[stream])) return;
          listeners.delete(look);
          resolve(text[stream]);
        };
        listeners.add(look);
        look();
        void ended.then((end) => reject(new Error(`ended early: ${JSON.stringify(end)}`)));
      }),
  };
}

function killGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** An empty folder, removed when the test ends. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** As many ports as are asked for, free a moment ago on every loopback address. */
export async function freePorts<const Count extends number>(count: Count): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, () => resolve()));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The settings of a gateway over a simulator that the test started, by its address: its logins too, as its one app. */
export function simulatorSettings(simulatorUrl: string) {
  return {
    KITE_BASE_URL: simulatorUrl,
    KITE_LOGIN_URL: `${simulatorUrl}/connect/login`,
    KITE_API_KEY: 'simulator',
    KITE_API_SECRET: 'simulator-secret',
  };
}

/** A gateway with its simulator on free ports, once it listens. */
export async function startCommand(options: RunOptions = {}) {
  const [port = 0, simulatorPort = 0] = await freePorts(2);
  const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}`, ...options.env };
  const command = run({ ...options, env });
  const greeting = await command.said(/Ctrl-C/);
  return {
    ...command,
    greeting,
    port,
    simulatorPort,
    url: `http://localhost:${port}/graphql`,
    simulatorUrl: `http://127.0.0.1:${simulatorPort}`,
  };
}
