// One log line for every operation, with its request id and never with what was sent or answered.
import { finalAsyncIterator, isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { FailureLog } from '../limits/failure-log.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import type { Payload, ResultStep } from './results.ts';

/** Where the log finds what it tells. */
export interface OperationLogOptions {
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly log: Logger;
  /** Where operations with an error go, so that a flood of errors does not flood the log. */
  readonly failures: FailureLog;
}

/**
 * Logs each finished operation: name, accounts, errors by code, milliseconds. One that is answered in parts is
 * finished with the last part, or when its client goes away.
 */
export function logOperations({
  track,
  readClientInfo,
  log,
  failures,
}: OperationLogOptions): ResultStep {
  return (result, { request, serverContext }) => {
    const tracked = track(request);
    const errors: Record<string, number> = {};
    const count = <T extends Payload>(payload: T): T => {
      for (const code of codesIn(payload)) errors[code] = (errors[code] ?? 0) + 1;
      return payload;
    };
    const finish = () => {
      const { id, startedAt, operationName, context } = tracked;
      const asData = context?.failures.byCode;
      const fields = {
        ...(isName(operationName) && { operation: operationName }),
        accounts: context?.accounts.length ?? 0,
        milliseconds: Math.round(performance.now() - startedAt),
        ...(Object.keys(errors).length > 0 && { errors }),
        ...(asData && { failures: asData }),
      };
      const codes = Object.keys({ ...errors, ...asData });
      if (codes.length === 0) {
        log.info({ requestId: id, ...fields }, 'Operation');
        return;
      }
      const address = readClientInfo(request, serverContext).ipAddress;
      const code = codes.sort().join(' ');
      failures.write({ address, requestId: id, code }, fields, 'Operation');
    };
    if (isAsyncIterable(result)) {
      return finalAsyncIterator(mapAsyncIterator(result, count), finish);
    }
    count(result);
    finish();
    return result;
  };
}

/** Whether it is a name of a usual length. A client may send anything, and anything else has no place in a log. */
function isName(text: unknown): text is string {
  return typeof text === 'string' && /^[_A-Za-z][_0-9A-Za-z]{0,99}$/.test(text);
}

function codesIn({ errors = [], incremental = [] }: Payload): string[] {
  const own = errors.map(({ extensions }) => String(extensions?.code));
  return [...own, ...incremental.flatMap(codesIn)];
}
