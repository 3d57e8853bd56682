// The signals that the process takes: SIGINT and SIGTERM stop it, SIGHUP has it read files again while requests go on.
import type { Logger } from 'pino';

/** A setting that is read again. */
export interface Reload {
  /** The variable that names its file. */
  readonly setting: string;
  /** Reads the file and takes what it holds; throws where it cannot, and then nothing has changed. */
  readonly read: () => void;
}

/**
 * Reads settings again with each SIGHUP. Without any setting the signal keeps its meaning, which is the end of the
 * process; so it does on a terminal, where it says that the terminal is gone.
 */
export function reloadOnHangup(reloads: readonly Reload[], log: Logger): void {
  if (reloads.length === 0 || process.stdin.isTTY) return;
  process.on('SIGHUP', () => {
    for (const { setting, read } of reloads) {
      try {
        read();
        log.info({ setting }, 'Read again');
      } catch (error) {
        const faults = error instanceof Error ? error.message.split('\n') : [];
        log.error({ setting, faults }, 'Cannot be read again: what was read before stays in force');
      }
    }
  });
}

/** Milliseconds in which signals at a terminal count as one: it sends Ctrl-C to npm too, which passes its own on. */
const repeatMilliseconds = 500;

/** The first signal asks for a stop, the second for one at once; a third ends the process as it is. */
export function awaitSignals(): { readonly first: Promise<void>; readonly second: AbortSignal } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const second = new AbortController();
  let count = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (process.stdin.isTTY && now - countedAt < repeatMilliseconds) return;
      countedAt = now;
      count += 1;
      if (count === 1) resolve();
      else if (count === 2) second.abort();
      else process.exit(1);
    });
  }
  return { first: promise, second: second.signal };
}
