// What happens to a promise that fails and that no code waits for.
import type { Logger } from 'pino';

/**
 * Logs each such failure, and lets the process go on. Node's default is to end it, so that one fault that a client can
 * provoke would end the answers to all others. The message is left out, because it may hold what a request sent.
 */
export function logUnhandled(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    const error = reason instanceof Error ? reason.name : typeof reason;
    const lines = reason instanceof Error ? (reason.stack ?? '').split('\n') : [];
    const stack = lines.filter((line) => /^\s+at /.test(line)).join('\n');
    log.error({ code: 'INTERNAL_SERVER_ERROR', error, stack }, 'Unhandled failure');
  });
}
