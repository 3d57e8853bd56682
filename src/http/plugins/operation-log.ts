// One log line for every operation, with its request id and never with what was sent or answered.
import { finalAsyncIterator, isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Metrics } from '../../metrics/metrics.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import type { Answered, Payload, ResultStep } from './results.ts';

/** Where the log finds what it tells. */
export interface OperationLogOptions {
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly log: Logger;
  /** Where operations with an error go, so that a flood of errors does not flood the log. */
  readonly failures: FailureLog;
  /** What counts operations, beside the log. */
  readonly metrics: Metrics | undefined;
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
  metrics,
}: OperationLogOptions): ResultStep {
  const write = (codes: Counts, { request, serverContext }: Answered) => {
    const {
      id: requestId,
      startedAt,
      operationName,
      operation: executed,
      context,
    } = track(request);
    const name = executed?.name?.value ?? operationName;
    const operation = isName(name) ? name : undefined;
    const accounts = context?.accounts.length ?? 0;
    const elapsed = performance.now() - startedAt;
    const milliseconds = Math.round(elapsed);
    const failed = context?.failures.byCode;
    metrics?.operation({
      name: executed === null ? undefined : (operation ?? null),
      codes: Object.keys({ ...codes.errors, ...failed }),
      milliseconds: elapsed,
      isSubscription: executed?.operation === 'subscription',
    });
    if (codes.errors === undefined && failed === undefined) {
      log.info({ requestId, operation, accounts, milliseconds }, 'Operation');
      return;
    }
    const address = readClientInfo(request, serverContext).ipAddress;
    const code = Object.keys({ ...codes.errors, ...failed })
      .sort()
      .join(' ');
    const fields = {
      ...(operation !== undefined && { operation }),
      accounts,
      milliseconds,
      ...codes,
      ...(failed && { failures: failed }),
    };
    failures.write({ address, requestId, code }, fields, 'Operation');
  };
  return (result, answered) => {
    const codes: Counts = {};
    if (!isAsyncIterable(result)) {
      count(result, codes);
      write(codes, answered);
      return result;
    }
    const kind =
      track(answered.request).operation?.operation === 'subscription' ? 'subscription' : 'parts';
    metrics?.stream(kind, 1);
    const counted = mapAsyncIterator(result, (payload) => {
      count(payload, codes);
      return payload;
    });
    return finalAsyncIterator(counted, () => {
      metrics?.stream(kind, -1);
      write(codes, answered);
    });
  };
}

/** How many errors there are of each code; undefined without errors. */
interface Counts {
  errors?: Record<string, number>;
}

function count({ errors, incremental }: Payload, codes: Counts): void {
  for (const { extensions } of errors ?? []) {
    const code = String(extensions?.code);
    codes.errors ??= {};
    codes.errors[code] = (codes.errors[code] ?? 0) + 1;
  }
  for (const part of incremental ?? []) count(part, codes);
}

/** Whether it is a name of a usual length. A client may send anything, and anything else has no place in a log. */
function isName(text: unknown): text is string {
  return typeof text === 'string' && /^[_A-Za-z][_0-9A-Za-z]{0,99}$/.test(text);
}
