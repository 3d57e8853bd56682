// What happens to a promise that fails and that no code waits for.
import type { Logger } from 'pino';
import { type CauseLogLimits, createCauseLog } from '../http/plugins/cause-log.ts';

/**
 * Logs such failures at the level of errors, equal ones once in an interval, and lets the process go on. Node's default
 * is to end it, so that one fault that a client can provoke would end the answers to all others. The message is left out,
 * because it may hold what a request sent.
 */
export function logUnhandled(log: Logger, limits: CauseLogLimits): void {
  const write = createCauseLog(log, 'Unhandled failure', limits, undefined, 'error');
  process.on('unhandledRejection', (reason) => {
    const error = reason instanceof Error ? reason.name : typeof reason;
    const lines = reason instanceof Error ? (reason.stack ?? '').split('\n') : [];
    const frames = lines.filter((line) => /^\s+at /.test(line));
    const fields = { code: 'INTERNAL_SERVER_ERROR', stack: frames.join('\n') };
    write(`${error}${frames[0] ?? ''}`, fields);
  });
}
