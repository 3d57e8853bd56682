// The process: reads the settings, listens, waits for signals. The only place that exits.
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { printSchema } from 'graphql';
import { ConfigError, readConfig, readSimulatorConfig } from './config.ts';
import { createGateway } from './http/gateway.ts';
import { listen } from './http/listen.ts';
import { createLogger } from './log.ts';
import { schema } from './schema/schema.ts';
import { type Simulator, startSimulator } from './simulator/simulator.ts';
import { greeting, help } from './usage.ts';
import { version } from './version.ts';

/** Milliseconds that requests in flight may take to finish after a signal. */
const graceMilliseconds = 5_000;

type Stop = () => Promise<void>;

/** Runs the command with its arguments, and exits: 0 when asked to stop, 1 when it cannot run. */
export async function main(words: readonly string[]): Promise<void> {
  const [word, ...others] = words;
  const run = others.length === 0 ? commands.get(word) : undefined;
  try {
    if (run === undefined)
      throw new ConfigError([`"${words.join(' ')}" is no command; see --help.`]);
    if (existsSync('.env')) loadEnvFile('.env');
    const stop = await run();
    if (stop !== null) await untilSignal(stop);
    process.exit(0);
  } catch (error) {
    for (const line of faultLines(error)) process.stderr.write(`kite-graphql: ${line}\n`);
    process.exit(1);
  }
}

const commands = new Map<string | undefined, () => Promise<Stop | null>>([
  [undefined, runGateway],
  ['simulator', runSimulator],
  ['--print-schema', () => say(printSchema(schema))],
  ['--help', () => say(help.trimEnd())],
  ['-h', () => say(help.trimEnd())],
  ['--version', () => say(version)],
]);

async function say(text: string): Promise<null> {
  await new Promise<void>((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
  return null;
}

async function runGateway(): Promise<Stop> {
  const config = readConfig();
  const simulator = config.simulator && (await simulate(config.simulator, config.publicUrl));
  try {
    const authorization =
      simulator && 'token simulator:SIM0001-token, token simulator:SIM0002-token';
    const { kiteBaseUrl = simulator?.url, kiteLoginUrl } = config;
    const loginUrl = kiteLoginUrl ?? (simulator ? `${simulator.url}/connect/login` : undefined);
    const gateway = createGateway({
      apps: simulator ? [simulatorApp] : config.apps,
      kiteTimeoutMilliseconds: config.kiteTimeoutMilliseconds,
      operationTimeoutMilliseconds: config.operationTimeoutMilliseconds,
      publicUrl: config.publicUrl,
      introspection: config.introspection,
      ...(kiteBaseUrl !== undefined && { kiteBaseUrl }),
      ...(loginUrl !== undefined && { kiteLoginUrl: loginUrl }),
      exposeTokens: config.exposeTokens ?? simulator !== null,
      graphiql: config.graphiql && (authorization === null ? true : { authorization }),
      logger: createLogger(config.log),
    });
    const server = await listen(gateway, config.host, config.port);
    await say(
      greeting({
        graphqlUrl: `http://${config.host ?? 'localhost'}:${server.port}/graphql`,
        graphiql: config.graphiql,
        simulatorUrl: simulator?.url ?? null,
        authorization,
        upstream: kiteBaseUrl ?? 'https://api.kite.trade',
        notices: config.notices,
      }),
    );
    return async () => {
      await server.close(graceMilliseconds);
      await gateway.dispose();
      await simulator?.close();
    };
  } catch (error) {
    await simulator?.close();
    throw error;
  }
}

/** The app that the simulator knows, with the secret that its documentation names. */
const simulatorApp = { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator' };

async function runSimulator(): Promise<Stop> {
  const config = readSimulatorConfig();
  const simulator = await simulate(config, 'http://localhost:4000');
  await say(
    [
      '',
      `  Simulated Kite   ${simulator.url}   open it in a browser for its users and controls`,
      `  Try it:          curl ${simulator.url}/user/profile -H 'Authorization: token simulator:SIM0001-token'`,
      '  Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
  return () => simulator.close();
}

async function simulate(
  { redirectUrl, ...options }: ReturnType<typeof readSimulatorConfig>,
  publicUrl: string,
): Promise<Simulator> {
  const callback = redirectUrl ?? `${publicUrl.replace(/\/+$/, '')}/callback`;
  return startSimulator({ ...options, redirectUrl: callback });
}

async function untilSignal(stop: Stop): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  // A second signal means now.
  process.once('SIGINT', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
  await stop();
}

function faultLines(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.faults;
  const { code, port, address } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (code === 'EADDRINUSE') {
    return [
      `port ${port} is in use on ${address}: stop what listens there, or set PORT (the simulator's is SIMULATOR_PORT).`,
    ];
  }
  if (code === 'EACCES')
    return [`port ${port} may not be opened by this user: set PORT to one above 1023.`];
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return [`HOST: this machine has no address ${address ?? 'of that name'}.`];
  }
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
