// Why things outside fail, for the log: codes and never values, and no line for each of a thousand equal failures.
import type { Logger } from 'pino';
import type { FailedCall } from '../../brokers/broker.ts';
import type { BrokerName } from '../../brokers/broker-name.ts';
import { accountIdOf } from '../../brokers/credential.ts';
import type { BrokerErrorCode } from '../../brokers/error.ts';
import type { Limits } from '../../limits.ts';

/** What a line about a failure has. `count` is of what it befell. */
type Fields = Readonly<Record<string, unknown>> & { readonly count?: number };

/** Logs one failure. Failures with equal causes count as one. */
export type CauseLog = (cause: string | null, fields: Fields) => void;

/** Bounds on a log of causes. */
export type CauseLogLimits = Pick<Limits, 'repeatedWarningSeconds' | 'warnedCauses'>;

/**
 * Makes a log for failures of one kind. The first failure of each cause has a line at the level; the others within the interval
 * are logged at debug level, and the next line at the level counts them as `repeated`, and what they befell in its `count`.
 * @param now milliseconds of a clock that never jumps; replaceable, so that tests own it.
 * @param level of the lines that are not repeated.
 */
export function createCauseLog(
  log: Logger,
  message: string,
  { repeatedWarningSeconds, warnedCauses }: CauseLogLimits,
  now: () => number = () => performance.now(),
  level: 'warn' | 'error' = 'warn',
): CauseLog {
  const warned = new Map<string | null, { readonly at: number; repeated: number; count: number }>();
  return (cause, fields) => {
    const last = warned.get(cause);
    if (last !== undefined && now() - last.at < repeatedWarningSeconds * 1_000) {
      last.repeated += 1;
      last.count += fields.count ?? 0;
      log.debug({ ...fields, cause }, message);
      return;
    }
    // Codes are few; a hostile server makes up more.
    if (warned.size >= warnedCauses) warned.clear();
    warned.set(cause, { at: now(), repeated: 0, count: 0 });
    const { repeated = 0, count = 0 } = last ?? {};
    const between = {
      ...(repeated > 0 && { repeated }),
      ...(count > 0 && { count: count + (fields.count ?? 0) }),
    };
    log[level]({ ...fields, cause, ...between }, message);
  };
}

/** What an operator may have to mend; the rest is between a user and the broker, and normal. */
const operational = new Set<BrokerErrorCode>(['unavailable', 'timeout', 'invalid-response']);

/**
 * Logs failed calls to one broker with the request that caused them: failures of the connection, of the broker and of
 * its answers as {@link createCauseLog} says, refusals at debug level, and what only the operator can correct as errors.
 */
export function logFailedCalls(
  log: Logger,
  limits: CauseLogLimits,
  broker: BrokerName,
): (call: FailedCall) => void {
  const message = 'A call to the broker failed';
  const warn = createCauseLog(log, message, limits);
  return ({ request: { method, path, apiKey, credential }, operation: { requestId }, error }) => {
    const { code: reason, status, errorType, systemCode } = error;
    // A login has no account yet.
    const accountId = credential && accountIdOf(credential);
    const fields = { broker, requestId, method, path, accountId, reason, status, errorType };
    if (error.concernsOperator) {
      log.error(
        { ...fields, apiKey },
        error.advice ??
          'The broker refused the secret of this app: correct the secret in KITE_API_SECRET or APPS_FILE.',
      );
    } else if (operational.has(reason))
      warn(systemCode ?? (status === null ? reason : `HTTP ${status}`), fields);
    else log.debug(fields, message);
  };
}
