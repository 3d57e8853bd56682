// The process: reads the settings, listens, waits for signals. The only place that exits.
import { printSchema } from 'graphql';
import { readConfig, readSimulatorConfig } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { loadEnvFile } from './config/env-file.ts';
import type { Config } from './config/settings.ts';
import { readTrustedDocuments } from './config/trusted-documents.ts';
import { createGateway } from './gateway.ts';
import type { Gateway } from './gateway-interface.ts';
import { FailureLog } from './http/limits/failure-log.ts';
import { Writes } from './http/plugins/writes.ts';
import { withDefaultLimits } from './limits.ts';
import { createLogger } from './log.ts';
import type { GatewayOptions } from './options.ts';
import { closeAuditFile, openAuditFile } from './process/audit-log.ts';
import { gatewayOptions } from './process/gateway-options.ts';
import { greeting } from './process/greeting.ts';
import { watchKeys } from './process/key-watch.ts';
import { naming } from './process/naming.ts';
import { openStore, readCountryDatabase, readLogo } from './process/resources.ts';
import { openTracing } from './process/tracing.ts';
import {
  awaitPrimary,
  isWorker,
  sayListening,
  startWorkers,
  workerRateLog,
} from './process/workers.ts';
import { schema } from './schema/schema.ts';
import { hostInUrl, listen } from './server/listen.ts';
import { listenForMetrics } from './server/metrics-server.ts';
import { stopWatchingParent } from './server/restart.ts';
import { logUnhandled } from './server/unhandled.ts';
import { TrustedDocumentsError } from './shared/trusted-documents.ts';
import { version } from './shared/version.ts';
import { awaitSignals, type Reload, reloadOnHangup } from './signals.ts';
import { type Simulator, startSimulator } from './simulator/simulator.ts';
import { help } from './usage.ts';

/** Stops what runs, at once when `now` fires; the exit code of the process. */
type Stop = (now: AbortSignal) => Promise<number>;

/** Runs the command with its arguments, and exits: 0 when asked to stop, 1 when it cannot run, 2 for an unknown command. */
export async function main(words: readonly string[]): Promise<void> {
  const [word, ...others] = words;
  const run = others.length === 0 ? commands.get(word) : undefined;
  try {
    if (word === 'sessions') {
      loadEnvFile('.env');
      const { runSessions } = await import('./operator/sessions.ts');
      process.exit(await runSessions(others));
    }
    if (run === undefined) {
      process.stderr.write(`kite-graphql: Unknown command ${quoted(words)}; see --help.\n`);
      process.exit(2);
    }
    // From here on, so that a signal in the middle of a start is not lost.
    const signals = isWorker() ? awaitPrimary() : awaitSignals();
    void signals.first.then(stopWatchingParent);
    const stop = await run(loadEnvFile('.env'));
    await (stop && signals.first);
    process.exit(stop === null ? 0 : await stop(signals.second));
  } catch (error) {
    for (const line of faultLines(error)) process.stderr.write(`kite-graphql: ${line}\n`);
    process.exit(1);
  }
}

// What was typed may be a setting with a secret in it.
function quoted(words: readonly string[]): string {
  const isHarmless = words.every((word) => /^[\w.-]{1,24}$/.test(word));
  return isHarmless ? `"${words.join(' ')}"` : 'This';
}

const commands = new Map<
  string | undefined,
  (fileNames: readonly string[]) => Promise<Stop | null>
>([
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

async function runGateway(fileNames: readonly string[]): Promise<Stop> {
  const config = readConfig(undefined, fileNames);
  if (config.workers > 1 && !isWorker()) return runWorkers(config);
  const simulator = config.simulator && (await simulate(config.simulator, config.publicUrl));
  try {
    const { keyring, sessionTokens } = config;
    const limits = withDefaultLimits(config.limits);
    const keyringStore = await openStore(keyring, limits);
    const stopping = new AbortController();
    const draining = new AbortController();
    const { logger, flush } = await createLogger(config.log, limits);
    logUnhandled(logger, limits);
    await watchKeys(keyringStore, keyring.keys, limits, logger, stopping.signal);
    const auditFile = await openAuditFile(config.auditLog, limits, logger);
    const countryDatabase = readCountryDatabase(config.geoipDatabase);
    const logo = readLogo(config.consoleLogoFile, limits);
    const writes = new Writes();
    const tracing = await openTracing();
    const metrics =
      config.metrics && (await import('./metrics/prometheus.ts')).createMetrics({ limits });
    const gateway = create({
      ...gatewayOptions(config, simulator?.url ?? null, logo),
      keyringStore,
      ...(isWorker() && { rateLog: workerRateLog(config.kiteRateLimit) }),
      logger,
      ...(auditFile && { auditLog: auditFile }),
      ...(countryDatabase && { countryDatabase }),
      ...(metrics && { metrics }),
      ...(tracing && { tracing }),
      stopping: stopping.signal,
      draining: draining.signal,
      writes,
    });
    const { trustedDocumentsFile: file } = config;
    const readDocuments = (name: string) =>
      gateway.replaceTrustedDocuments(readTrustedDocuments(name));
    const reloads: Reload[] = [];
    if (file) reloads.push({ setting: 'TRUSTED_DOCUMENTS', read: () => readDocuments(file) });
    const readTokens = sessionTokens && (() => sessionTokens.reload(logger));
    if (readTokens) reloads.push({ setting: 'SESSION_TOKENS_FILE', read: readTokens });
    reloadOnHangup(reloads, logger);
    const failures = new FailureLog(logger, limits);
    const onUnreadable = (requestId: string, reason: string, address: string | null) => {
      const code = 'BAD_USER_INPUT';
      failures.write({ address, requestId, code }, { code, reason }, 'Unreadable request');
    };
    const listening = listen(gateway, config.host, config.port, {
      onUnreadable,
      limits: config.limits,
      trustProxy: config.trustProxy,
      log: logger,
    });
    const server = await naming('HOST', 'PORT', config, listening);
    const metricsServer =
      metrics &&
      config.metrics &&
      (await naming(
        'METRICS_HOST',
        'METRICS_PORT',
        config.metrics,
        listenForMetrics(metrics, config.metrics, limits),
      ));
    await (isWorker() ? sayListening : say)(
      greeting(config, {
        url: `http://${hostInUrl(config.host)}:${server.port}`,
        metricsUrl:
          metricsServer && config.metrics
            ? `http://${hostInUrl(config.metrics.host)}:${metricsServer.port}/metrics`
            : null,
        simulatorUrl: simulator?.url ?? null,
      }),
    );
    return async (now) => {
      draining.abort();
      const delay = AbortSignal.timeout(config.shutdownDelayMilliseconds);
      if (config.shutdownDelayMilliseconds > 0) await aborted(AbortSignal.any([now, delay]));
      stopping.abort();
      const end = AbortSignal.any([now, AbortSignal.timeout(config.shutdownGraceMilliseconds)]);
      const cut = new Set(await server.close(config.shutdownGraceMilliseconds, end));
      await Promise.race([writes.settled(), aborted(end)]);
      for (const requestId of writes.requestIds) cut.add(requestId);
      await metricsServer?.close(0);
      for (const requestId of cut) logger.warn({ requestId }, 'Cut off by the shutdown');
      await Promise.race([
        gateway.dispose(),
        aborted(AbortSignal.timeout(limits.disposalSeconds * 1_000)),
      ]);
      await Promise.race([
        closeAuditFile(auditFile, logger, flush),
        aborted(AbortSignal.timeout(limits.disposalSeconds * 1_000)),
      ]);
      await simulator?.close();
      failures.close();
      await flush();
      return cut.size === 0 ? 0 : 1;
    };
  } catch (error) {
    await simulator?.close();
    throw error;
  }
}

async function runWorkers(config: Config): Promise<Stop> {
  const { logger, flush } = await createLogger(config.log, withDefaultLimits(config.limits));
  const workers = await startWorkers(config, logger);
  await say(workers.greeting);
  return async (now) => {
    const code = await workers.stop(now);
    await flush();
    return code;
  };
}

function create(options: GatewayOptions): Gateway {
  try {
    return createGateway(options);
  } catch (error) {
    if (!(error instanceof TrustedDocumentsError)) throw error;
    throw new ConfigError(error.faults.map((fault) => `TRUSTED_DOCUMENTS: ${fault}`));
  }
}

async function runSimulator(): Promise<Stop> {
  const config = readSimulatorConfig();
  const simulator = await simulate(config, 'http://localhost:4000');
  await say(
    [
      '',
      `  Simulated Kite   ${simulator.url}   open it in a browser for its users and controls`,
      `  Simulated Kotak  ${simulator.url}/kotak   its users, and access codes as if by SMS`,
      `  Try it:          curl ${simulator.url}/user/profile -H 'Authorization: token simulator:SIM0001-token'`,
      '  Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
  return async () => {
    await simulator.close();
    return 0;
  };
}

async function simulate(
  { redirectUrl, ...options }: ReturnType<typeof readSimulatorConfig>,
  publicUrl: string,
): Promise<Simulator> {
  const callback = redirectUrl ?? `${publicUrl.replace(/\/+$/, '')}/callback`;
  const started = startSimulator({ ...options, redirectUrl: callback });
  return naming('SIMULATOR_HOST', 'SIMULATOR_PORT', options, started);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function faultLines(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.faults;
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
