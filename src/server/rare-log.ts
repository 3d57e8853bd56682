// Log lines about what can happen a thousand times a second: the first is written at once, the rest are counted.
import type { Logger } from 'pino';

/** Logs an event by its name. */
export type RareLog = (event: string, details?: Readonly<Record<string, unknown>>) => void;

/**
 * Makes a log in which each event has one line in an interval, with how often it has happened since the last.
 * @param seconds the interval.
 */
export function createRareLog(log: Logger, message: string, seconds: number): RareLog {
  const counts = new Map<string, number>();
  return (event, details = {}) => {
    const count = counts.get(event);
    if (count !== undefined) {
      counts.set(event, count + 1);
      return;
    }
    counts.set(event, 0);
    log.warn({ reason: event, ...details }, message);
    setTimeout(() => {
      const times = counts.get(event) ?? 0;
      counts.delete(event);
      if (times > 0) log.warn({ reason: event, times }, message);
    }, seconds * 1_000).unref();
  };
}
