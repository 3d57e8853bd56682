// The built command with simulated brokers behind it, each a process of its own.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyFolder, freePorts, type Running, run } from '../../support/processes/command.ts';
import type { UpstreamCall } from '../../support/world.ts';

const command = fileURLToPath(new URL('../../../dist/command.js', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** Simulated brokers, as a process. */
export type SimulatorProcess = Awaited<ReturnType<typeof startSimulatorProcess>>;

/** Starts the built simulator. */
export async function startSimulatorProcess(env: Environment = {}) {
  const [port = 0] = await freePorts(1);
  const simulator = run({
    program: [process.execPath, builtCommand()],
    words: ['simulator'],
    env: { SIMULATOR_PORT: `${port}`, ...env },
  });
  await simulator.said(/Ctrl-C/);
  const url = `http://127.0.0.1:${port}`;
  const control = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}/simulator/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  };
  return {
    ...simulator,
    port,
    url,
    control,
    /** Makes something go wrong. */
    fault: (fault: Readonly<Record<string, unknown>>) => control('POST', 'faults', fault),
    clearFaults: () => control('DELETE', 'faults'),
    /** The calls since `forgetCalls`. */
    calls: async (): Promise<readonly UpstreamCall[]> =>
      (await control('GET', 'requests')).requests,
    forgetCalls: () => control('DELETE', 'requests'),
  };
}

/** The apps of both simulated brokers that the gateway has the secrets of. */
const apps = [
  { apiKey: 'simulator', apiSecret: 'simulator-secret' },
  { apiKey: 'simulator-platform', apiSecret: 'simulator-platform-secret' },
  { broker: 'KOTAK', apiKey: 'simulator-kotak', apiSecret: 'simulator-kotak-secret' },
];

/** The settings by which the gateway reaches both simulated brokers, without a limit of its own. */
export function brokerSettings({ url }: SimulatorProcess, own: readonly object[] = apps) {
  const file = join(emptyFolder(), 'apps.json');
  writeFileSync(file, JSON.stringify(own));
  const hosts = ['kotak', 'kotak-c'].map((host) => `${url}/${host}/apim`);
  return {
    KITE_BASE_URL: url,
    KITE_LOGIN_URL: `${url}/connect/login`,
    KOTAK_BASE_URLS: hosts.join(','),
    APPS_FILE: file,
    EXPOSE_TOKENS: 'true',
    KITE_RATE_LIMIT: '0',
    LIMIT_LOGIN_ATTEMPTS: '100000',
    LIMIT_PASSWORD_TRIES: '100000',
    LIMIT_PASSWORD_TRIES_PER_USER: '100000',
  };
}

/** How a gateway starts. */
export interface GatewayProcessOptions {
  readonly env?: Environment;
  /** What starts it: words before those of the command. Default: nothing. */
  readonly before?: readonly string[];
  /** Default: a free port. */
  readonly port?: number;
}

/** A gateway as a process. */
export interface GatewayProcess extends Running {
  readonly port: number;
  readonly pid: number;
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Of GraphQL. */
  readonly url: string;
}

/** Starts the built command in production. */
export async function startGateway(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const { env = {}, before = [], port = (await freePorts(1))[0] ?? 0 } = options;
  const origin = `http://127.0.0.1:${port}`;
  const gateway = run({
    program: [...before, process.execPath, builtCommand()],
    env: {
      NODE_ENV: 'production',
      PORT: `${port}`,
      PUBLIC_URL: origin,
      LOG_LEVEL: 'warn',
      // Idle connections of clients end soon: what stays is the gateway's own.
      LIMIT_KEEP_ALIVE_SECONDS: '2',
      // Each sender says which address it has, as behind a proxy.
      TRUST_PROXY: 'true',
      // A heap that is a fraction of Node's own bound: what needs more ends the process, and garbage goes sooner.
      NODE_OPTIONS: '--max-old-space-size=192',
      ...env,
    },
  });
  await gateway.said(/Ctrl-C/);
  return { ...gateway, port, pid: gateway.process.pid ?? 0, origin, url: `${origin}/graphql` };
}

function builtCommand(): string {
  if (!existsSync(command)) throw new Error('There is no dist/: run npm run build first.');
  return command;
}
