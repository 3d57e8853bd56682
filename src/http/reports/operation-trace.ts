// Operations as spans of a trace. An answer in parts, and a subscription, is over with its last part.
import { finalAsyncIterator, isAsyncIterable } from 'graphql-yoga';
import type { Tracing } from '../../tracing/tracing.ts';
import type { Payload } from '../plugins/results.ts';
import type { AnswerOperation } from '../plugins/use-operations.ts';
import type { RequestTracker } from '../request/request-tracker.ts';

/** Answers operations in the same way, each in a span; without tracing, it is the same function. */
export function traced(
  tracing: Tracing | undefined,
  track: RequestTracker,
  answer: AnswerOperation,
): AnswerOperation {
  if (tracing === undefined) return answer;
  return (request, params, serverContext) => {
    const tracked = track(request);
    const header = (name: string) => request.headers.get(name);
    return tracing.operation({ requestId: tracked.id, header }, async (end) => {
      const result = await answer(request, params, serverContext);
      const over = (errors: number) => {
        const { operation } = tracked;
        const name = operation?.name?.value.slice(0, 100) ?? null;
        end({ name, type: operation?.operation ?? null, errors });
      };
      if (isAsyncIterable(result)) {
        return finalAsyncIterator(result as AsyncIterableIterator<Payload>, () => over(0));
      }
      over(result.errors?.length ?? 0);
      return result;
    });
  };
}
