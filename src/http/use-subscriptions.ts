// Plugin: subscriptions. A query has one deadline, and loaders for once; a subscription has them for each event.
import {
  createSourceEventStream,
  type ExecutionArgs,
  executeSubscriptionEvent,
  mapSourceToResponseEvent,
  validateSubscriptionArgs,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type Context, contextOfEvent } from '../context.ts';

/** Gives each event a context of its own. */
export function useSubscriptions(): Plugin<Context> {
  return {
    onSubscribe({ context, setSubscribeFn }) {
      // The subscription itself reads nothing.
      context.deadline.end();
      setSubscribeFn(subscribe);
    },
  };
}

async function subscribe(args: ExecutionArgs) {
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return { errors: validated };
  const events = await createSourceEventStream(validated);
  if (!isAsyncIterable(events)) return events;
  return mapSourceToResponseEvent(validated, events, async (event) => {
    const contextValue = contextOfEvent(event.contextValue as Context);
    try {
      return await executeSubscriptionEvent({ ...event, contextValue });
    } finally {
      contextValue.deadline.end();
    }
  });
}
