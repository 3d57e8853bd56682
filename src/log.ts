// The process's logger. It writes to stderr, so that stdout is free for what people read.
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogConfig } from './config.ts';

/** Makes the logger: JSON lines, or coloured text on a terminal. */
export function createLogger({ level, format }: LogConfig): Logger {
  const stream =
    format === 'pretty'
      ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
      : pino.destination({ dest: 2, sync: false });
  return pino({ level, base: null }, stream);
}
