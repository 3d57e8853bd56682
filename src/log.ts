// The process's logger. It writes to stderr, so that stdout is free for what people read.
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogConfig } from './config.ts';

/** Makes the logger: JSON lines, or coloured text on a terminal. */
export function createLogger({ level, format }: LogConfig): Logger {
  const stream =
    format === 'pretty'
      ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
      : // A few lines in one write: a write for each costs as much as a call to Kite. What is left goes at the exit.
        pino.destination({ dest: 2, sync: false, minLength: 4_096, periodicFlush: 100 });
  return pino({ level, base: null }, stream);
}
