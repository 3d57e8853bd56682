// Plugin: one log line for every operation, with its request id and never with what was sent or answered.
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Context } from '../context.ts';
import type { RequestTracker } from './request-tracker.ts';

/** Logs each finished operation: name, accounts, errors by code, milliseconds. */
export function useOperationLog(track: RequestTracker, log: Logger): Plugin<Context> {
  return {
    onResultProcess({ request, result, serverContext }) {
      const { id, startedAt } = track(request);
      const answers = isAsyncIterable(result) ? [] : [result].flat();
      const errors = answers.flatMap((answer) => answer.errors ?? []);
      const { accounts, params } = serverContext as Partial<Context> & { params?: OperationParams };
      log.info(
        {
          requestId: id,
          ...(params?.operationName && { operation: params.operationName }),
          accounts: accounts?.length ?? 0,
          milliseconds: Math.round(performance.now() - startedAt),
          ...(errors.length > 0 && {
            errors: counted(errors.map((e) => String(e.extensions?.code))),
          }),
        },
        'Operation',
      );
    },
  };
}

interface OperationParams {
  readonly operationName?: string | null;
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
