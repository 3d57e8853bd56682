// Plugin: the one way an operation is executed, with its bounds checked before and kept while it runs.
import {
  createSourceEventStream,
  type ExecutionArgs,
  GraphQLError,
  mapSourceToResponseEvent,
  validateExecutionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import {
  isAsyncIterable,
  makeExecute,
  makeSubscribe,
  type Plugin,
  type YogaInitialContext,
} from 'graphql-yoga';
import { type Context, contextOfEvent } from '../../context.ts';
import type { VolumeLimits } from '../limits/volume-limits.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { executeInParts, executeWhole } from './engine.ts';

/** How a gateway executes. */
export interface EngineOptions {
  readonly track: RequestTracker;
  /** Bounds on an operation's values and its answer. */
  readonly volume: VolumeLimits;
  /** Whether messages may suggest names of the schema. */
  readonly suggestions: boolean;
}

/** The context as Yoga hands it to plugins. */
type Executing = Context & YogaInitialContext;

/** Executes operations, and ends their deadlines with them. */
export function useEngine({ track, volume, suggestions }: EngineOptions): Plugin<Context> {
  const hideSuggestions = !suggestions;

  function execute(args: ExecutionArgs, context: Executing) {
    const fault = volume.faultOf(args, context);
    if (fault !== null) return { errors: [fault] };
    // Deferred fields begin with the others, so that they are in the same calls to Kite.
    const operation = validateExecutionArgs({
      ...args,
      hideSuggestions,
      enableEarlyExecution: true,
    });
    if (!('schema' in operation)) return { errors: operation.map(refused) };
    return track(context.request).accepted.parts
      ? executeInParts(operation)
      : executeWhole(operation);
  }

  async function subscribe(args: ExecutionArgs, context: Executing) {
    const fault = volume.faultOf(args, context);
    if (fault !== null) return { errors: [fault] };
    const operation = validateSubscriptionArgs({ ...args, hideSuggestions });
    if (!('schema' in operation)) return { errors: operation.map(refused) };
    if (!track(context.request).accepted.events) return { errors: [notStreamed] };
    const events = await createSourceEventStream(operation);
    if (!isAsyncIterable(events)) return events;
    return mapSourceToResponseEvent(operation, events, async (event) => {
      const contextValue = contextOfEvent(context);
      try {
        return await executeWhole({ ...event, contextValue });
      } finally {
        contextValue.deadline.end();
      }
    });
  }

  return {
    onValidate({ validateFn, setValidationFn }) {
      if (suggestions) return;
      setValidationFn((schema, document, rules) =>
        validateFn(schema, document, rules, { hideSuggestions }),
      );
    },
    onExecute({ context, setExecuteFn }) {
      setExecuteFn(makeExecute((args) => execute(args, context)));
      return {
        onExecuteDone({ result }) {
          if (isAsyncIterable(result)) return { onEnd: () => context.deadline.abandon() };
          context.deadline.end();
        },
      };
    },
    onSubscribe({ context, setSubscribeFn }) {
      // The subscription itself reads nothing; each of its events has a deadline.
      context.deadline.end();
      setSubscribeFn(makeSubscribe((args) => subscribe(args, context)));
    },
  };
}

/** The refusal of an operation or of variables that cannot be executed. */
function refused({ message, nodes = [] }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { http: { status: 400 } } });
}

const notStreamed = new GraphQLError(
  'A subscription is answered with server-sent events: send "Accept: text/event-stream".',
  { extensions: { code: 'BAD_USER_INPUT', retryable: false, http: { status: 406 } } },
);
