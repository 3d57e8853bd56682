// What an operation cost, in the `extensions` of its answer, for a request that asks for it.
import { isAsyncIterable } from 'graphql-yoga';
import { remainingCalls } from '../../brokers/budget.ts';
import type { Context } from '../../context.ts';
import type { Result } from '../plugins/results.ts';

/** The request header that asks for the cost, with the value `true`. */
export const costHeader = 'x-operation-cost';

/** Adds the cost to a whole answer, where it was counted. An answer in parts stays as it is. */
export async function withCost(
  result: Result,
  { cost, broker, limits }: Pick<Context, 'cost' | 'broker' | 'limits'>,
): Promise<Result> {
  if (cost === null || isAsyncIterable(result)) return result;
  const apps = await Promise.all(
    cost.apps.slice(0, limits.costApps).map(async (app) => {
      const budgetRemaining = remainingCalls(await broker.of(app.broker).budgetOf(app.apiKey));
      const waitedMilliseconds = Math.round(app.waitedMilliseconds);
      return { ...app, waitedMilliseconds, budgetRemaining };
    }),
  );
  return { ...result, extensions: { ...result.extensions, cost: { apps } } };
}
