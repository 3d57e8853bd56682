// One log line for every operation, with its request id and never with what was sent or answered.
import { finalAsyncIterator, isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { RequestTracker } from '../request/request-tracker.ts';
import type { Payload, ResultStep } from './results.ts';

/**
 * Logs each finished operation: name, accounts, errors by code, milliseconds. One that is answered in parts is
 * finished with the last part, or when its client goes away.
 */
export function logOperations(track: RequestTracker, log: Logger): ResultStep {
  return (result, { request }) => {
    const tracked = track(request);
    const errors: Record<string, number> = {};
    const count = <T extends Payload>(payload: T): T => {
      for (const code of codesIn(payload)) errors[code] = (errors[code] ?? 0) + 1;
      return payload;
    };
    const finish = () => {
      const { id, startedAt, operationName, context } = tracked;
      log.info(
        {
          requestId: id,
          ...(isName(operationName) && { operation: operationName }),
          accounts: context?.accounts.length ?? 0,
          milliseconds: Math.round(performance.now() - startedAt),
          ...(Object.keys(errors).length > 0 && { errors }),
          ...(context?.failures.byCode && { failures: context.failures.byCode }),
        },
        'Operation',
      );
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
