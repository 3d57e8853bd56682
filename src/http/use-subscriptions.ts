// Plugin: subscriptions. A query has one deadline, and loaders for once; a subscription has them for each event.
import { ServerResponse } from 'node:http';
import {
  createSourceEventStream,
  type ExecutionArgs,
  executeSubscriptionEvent,
  GraphQLError,
  mapSourceToResponseEvent,
  validateSubscriptionArgs,
} from 'graphql';
import { errorAsyncIterator, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type Context, contextOfEvent } from '../context.ts';

/** Gives each event a context of its own, and breaks connections off when the gateway stops. */
export function useSubscriptions(): Plugin<Context> {
  return {
    onSubscribe({ context, setSubscribeFn }) {
      // The subscription itself reads nothing.
      context.deadline.end();
      setSubscribeFn((args) => subscribe(args, context));
      return {
        onSubscribeResult({ result, setResult }) {
          if (isAsyncIterable(result)) setResult(errorAsyncIterator(result, breakOff(context)));
        },
      };
    },
    onResponse({ response }) {
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      // nginx would otherwise hold events back until it has a few kilobytes of them.
      if (isStream) response.headers.set('x-accel-buffering', 'no');
    },
  };
}

async function subscribe(args: ExecutionArgs, context: Context) {
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return { errors: validated.map(refused) };
  const events = await createSourceEventStream(validated);
  if (!isAsyncIterable(events)) return events;
  return mapSourceToResponseEvent(validated, events, async (event) => {
    const contextValue = contextOfEvent(context);
    try {
      return await executeSubscriptionEvent({ ...event, contextValue });
    } finally {
      contextValue.deadline.end();
    }
  });
}

/** With the status that a query with such variables has. */
function refused({ message, nodes = [] }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { http: { status: 400 } } });
}

/** A stream that ends in good order is not asked for again; one whose connection breaks is, at another replica. */
function breakOff(context: object) {
  return (error: unknown) => {
    const response = 'res' in context ? context.res : null;
    const isStopping = error instanceof DOMException && error.name === 'AbortError';
    // Yoga would leave the connection open, with nothing more to come.
    if (isStopping && response instanceof ServerResponse) response.destroy();
    else throw error;
  };
}
