// Several processes on one port: the primary starts the workers, starts those again that end, counts the calls of all
// of them, and passes signals on. It serves no request itself.
import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { openRateLog } from '../brokers/upstream/budget/rate-log/open-rate-log.ts';
import { type RateLog, unlimited } from '../brokers/upstream/budget/rate-log/rate-log.ts';
import { logReachability } from '../brokers/upstream/report/redis-rate-report.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/settings.ts';
import { withDefaultLimits } from '../limits.ts';
import { redisUrlOf } from './gateway-options.ts';
import {
  LinkedRateLog,
  type RateLogAnswer,
  RateLogHost,
  type RateLogQuestion,
} from './rate-log-link.ts';

/** Running workers. */
export interface Workers {
  /** What the first one has to say, now that all of them listen. */
  readonly greeting: string;
  /** Stops all of them, at once when `now` fires. @returns the greatest of their exit codes. */
  stop(now: AbortSignal): Promise<number>;
}

type FromWorker = RateLogQuestion | { readonly greeting: string };
type FromPrimary = RateLogAnswer | { readonly stop: 'gently' | 'now' };

/** The first pause before a worker is started again, which doubles with each that ends soon. */
const firstPauseMilliseconds = 100;

/**
 * Starts workers, and returns when all of them listen.
 * @throws ConfigError without a line where the first of them cannot start: it has said why.
 */
export async function startWorkers(config: Config, log: Logger): Promise<Workers> {
  const limits = withDefaultLimits(config.limits);
  const maxPause = limits.workerRestartSeconds * 1_000;
  // One count for all workers, in Redis too: a worker with a count of its own would allow itself a share beside what
  // the others take from Redis, while Redis is slow for this worker alone, and as long as it knows of no others.
  const rateLog = openRateLog({
    limit: config.kiteRateLimit,
    redisUrl: redisUrlOf(config),
    limits,
    onReachable: logReachability(log),
  });
  const running = new Set<Worker>();
  let isStopping = false;
  let hasStarted = false;
  let exitCode = 0;
  let onEmpty = () => {};

  /** @param pause how long the next one waits where this one ends soon. */
  function start(pause = firstPauseMilliseconds): Promise<string> {
    const worker = cluster.fork();
    running.add(worker);
    const startedAt = performance.now();
    const send = (message: FromPrimary) => worker.isConnected() && worker.send(message);
    const host = new RateLogHost(rateLog.log, send);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('greeting' in message) {
          log.info({ worker: worker.process.pid }, 'A worker listens');
          resolve(message.greeting);
        } else void host.receive(message);
      });
      // What could not be sent to one that is ending; its end is told below.
      worker.on('error', () => {});
      worker.once('exit', (code, signal) => {
        running.delete(worker);
        host.lose();
        reject(new ConfigError([]));
        if (isStopping) {
          exitCode = Math.max(exitCode, code ?? 1);
          if (running.size === 0) onEmpty();
          return;
        }
        if (!hasStarted) return;
        const isYoung = performance.now() - startedAt < maxPause;
        const next = isYoung ? Math.min(2 * pause, maxPause) : firstPauseMilliseconds;
        const { pid } = worker.process;
        log.error({ worker: pid, code, signal, milliseconds: pause }, 'A worker has ended');
        setTimeout(() => {
          if (isStopping) return;
          start(next).catch(() => {});
        }, pause);
      });
    });
  }

  // The first alone, so that what stops it is said once.
  const greeting = await start().catch(async (error: unknown) => {
    await rateLog.close();
    throw error;
  });
  hasStarted = true;
  await Promise.allSettled(Array.from({ length: config.workers - 1 }, () => start()));
  const hasReloads = [config.trustedDocumentsFile, config.sessionTokens, config.auditLog].some(
    Boolean,
  );
  if (hasReloads && !process.stdin.isTTY) {
    process.on('SIGHUP', () => {
      for (const worker of running) worker.process.kill('SIGHUP');
    });
  }
  return {
    greeting,
    stop: async (now) => {
      isStopping = true;
      const tell = (stop: 'gently' | 'now') => {
        for (const worker of running) if (worker.isConnected()) worker.send({ stop });
      };
      tell('gently');
      // A second signal may have come before all of this began.
      if (now.aborted) tell('now');
      else now.addEventListener('abort', () => tell('now'), { once: true });
      const killAll = () => {
        for (const worker of running) worker.process.kill('SIGKILL');
      };
      const { shutdownDelayMilliseconds: delay, shutdownGraceMilliseconds: grace } = config;
      // Later than a worker ends by itself.
      setTimeout(killAll, delay + grace + 3_000 * limits.disposalSeconds).unref();
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
        if (running.size === 0) onEmpty();
      });
      await rateLog.close();
      return exitCode;
    },
  };
}

/** Whether this process is a worker. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

function send(message: FromWorker): void {
  process.send?.(message);
}

/** Tells the primary that this worker listens. */
export function sayListening(greeting: string): void {
  send({ greeting });
}

/**
 * What asks a worker to stop: the primary alone. A terminal and a supervisor send their signals to all processes, and
 * the same request would count twice.
 */
export function awaitPrimary(): { readonly first: Promise<void>; readonly second: AbortSignal } {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  const second = new AbortController();
  process.on('message', (message: FromPrimary) => {
    if (!('stop' in message)) return;
    resolve();
    if (message.stop === 'now') second.abort();
  });
  return { first: promise, second: second.signal };
}

/** The rate log of this worker, counted by its primary. */
export function workerRateLog(limit: number): RateLog {
  if (limit === 0) return unlimited;
  const log = new LinkedRateLog(limit, send);
  process.on('message', (message: FromPrimary) => {
    if ('rateLog' in message) log.receive(message);
  });
  process.on('disconnect', () => log.lose());
  return log;
}
