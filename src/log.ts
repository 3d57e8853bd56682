// The process's logger. It writes to stderr, so that stdout is free for what people read.
import { type Logger, pino } from 'pino';
import type { LogConfig } from './config/settings.ts';
import type { Limits } from './limits.ts';
import { LogStream } from './log-stream.ts';

/** The logger, and the way to write what is left of it. */
export interface ProcessLog {
  readonly logger: Logger;
  /** Writes what is left, for a bounded time. */
  readonly flush: () => Promise<void>;
}

/**
 * Makes the logger: JSON lines, or coloured text on a terminal.
 * What waits where stderr takes nothing is bounded; lines beyond that are lost and counted.
 */
export async function createLogger(
  { level, format }: LogConfig,
  { logBytes, logFlushSeconds }: Pick<Limits, 'logBytes' | 'logFlushSeconds'>,
): Promise<ProcessLog> {
  const print = format === 'pretty' ? await prettyPrinter() : (line: string) => line;
  const stream = new LogStream({
    descriptor: 2,
    maxBytes: logBytes,
    lossLine: (lines) =>
      print(
        `${JSON.stringify({ level: 40, time: Date.now(), lines, msg: 'Log lines were lost: stderr took no more' })}\n`,
      ),
  });
  // Node's own warnings go the same way: a full disk or a closed pipe must not end the process.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
  process.once('exit', () => stream.end());
  const logger = pino({ level, base: null }, { write: (line) => stream.write(print(line)) });
  return { logger, flush: () => stream.flush(logFlushSeconds * 1_000) };
}

/** Loaded where people read along, and not in production. */
async function prettyPrinter(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    colorize: process.stderr.isTTY === true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
  });
}
