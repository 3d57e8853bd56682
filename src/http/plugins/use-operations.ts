// Answers one operation, for the edge and for Yoga: validates its document, makes its context, checks its bounds, executes
// it. It stands in for Yoga's own handler, which makes some forty closures and promises for each request.
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  mapSourceToResponseEvent,
  OperationTypeNode,
  type ValidatedExecutionArgs,
  validateExecutionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import { finalAsyncIterator, type GraphQLParams, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type Context, contextOfEvent } from '../../context.ts';
import type { Plans } from '../../plans/plans.ts';
import type { AuditLog } from '../../shared/audit.ts';
import type { Documents } from '../documents/documents.ts';
import type { TrustedDocuments } from '../documents/trusted-documents.ts';
import type { VolumeLimits } from '../limits/volume-limits.ts';
import { withCost } from '../reports/operation-cost.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { executeInParts, executeWhole } from './engine.ts';
import {
  auditFull,
  clientGone,
  invalid,
  mutationByGet,
  notStreamed,
  refusedSubscription,
  unknownOperation,
} from './operation-refusals.ts';
import type { Payload, Result } from './results.ts';
import type { Writes } from './writes.ts';

/** What operations are answered with. */
export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  /** Null: every valid document is executed. */
  readonly trusted: TrustedDocuments | null;
  /** For the documents that are asked for often. */
  readonly plans: Plans;
  readonly track: RequestTracker;
  /** Bounds on an operation's values and its answer. */
  readonly volume: VolumeLimits;
  /** Whether messages may suggest names of the schema. */
  readonly suggestions: boolean;
  readonly writes: Writes;
  /** Mutations are refused where it is full: each may have to be recorded. */
  readonly audit: Pick<AuditLog, 'isFull'>;
  /** Waits for the turn of the client's address, before a new document is judged; undefined where it is now. */
  readonly turnFor: (request: Request, serverContext: object) => Promise<void> | undefined;
  /** Makes the context of an operation. */
  readonly contextFor: (request: Request, serverContext: object) => Context | Promise<Context>;
}

interface Executed {
  readonly document: DocumentNode;
  readonly params: GraphQLParams;
  readonly context: Context;
  readonly request: Request;
}

/** Executes an operation, for every reader of requests and writer of answers. Never rejects. */
export type AnswerOperation = (
  request: Request,
  params: GraphQLParams,
  serverContext: object,
) => Promise<Result>;

/** Makes what answers operations, and ends their deadlines with them. */
export function createOperations(options: OperationsOptions): AnswerOperation {
  const { schema, documents, trusted, plans, track, volume, writes, audit, turnFor, contextFor } =
    options;
  const hideSuggestions = !options.suggestions;
  const constant = new WeakMap<DocumentNode, ValidatedExecutionArgs>();

  async function answer(
    request: Request,
    params: GraphQLParams,
    serverContext: object,
  ): Promise<Result> {
    const tracked = track(request);
    tracked.operationName = params.operationName;
    try {
      const text = params.query ?? '';
      let judged = trusted === null ? documents.find(text) : trusted.find(params);
      if (judged === undefined) {
        const turn = turnFor(request, serverContext);
        if (turn !== undefined) await turn;
        // Documents of clients that have gone are not validated: one address could queue more than it may send.
        if (request.signal.aborted) throw clientGone();
        judged = documents.judge(text);
      }
      const { document, errors } = judged;
      if (document === undefined) return { errors };
      const operation = getOperationAST(document, params.operationName);
      if (!operation) throw unknownOperation(tracked.accepted);
      tracked.operation = operation;
      const kind = operation.operation;
      if (kind === OperationTypeNode.MUTATION && request.method === 'GET') throw mutationByGet();
      if (kind === OperationTypeNode.MUTATION && audit.isFull) throw auditFull();
      const made = contextFor(request, serverContext);
      const context = made instanceof Promise ? await made : made;
      tracked.context = context;
      const executed = { document, params, context, request };
      if (kind === OperationTypeNode.SUBSCRIPTION) return await subscribe(executed);
      const result =
        kind === OperationTypeNode.QUERY
          ? await execute(executed)
          : await writes.during(context.requestId, execute(executed));
      return context.cost === null ? result : await withCost(result, context);
    } catch (error) {
      return { errors: [asGraphQLError(error)] };
    }
  }

  async function execute({ document, params, context, request }: Executed): Promise<Result> {
    let isStreamed = false;
    try {
      const args = argumentsOf(document, params, context);
      const fault = volume.faultOf(args, context);
      if (fault !== null) return { errors: [fault] };
      // Deferred fields begin with the others, so that they are in the same calls to the broker.
      const operation = validated({ ...args, enableEarlyExecution: true });
      if (!('schema' in operation)) {
        return { errors: operation.map((error) => invalid(error, track(request).accepted)) };
      }
      const planned = plans.execute(operation);
      if (planned !== null) return await planned;
      if (!track(request).accepted.parts) return await executeWhole(operation);
      const result = await executeInParts(operation);
      isStreamed = isAsyncIterable(result);
      return isAsyncIterable(result)
        ? finalAsyncIterator(result as AsyncIterableIterator<Payload>, () =>
            context.deadline.abandon(),
          )
        : result;
    } finally {
      if (!isStreamed) context.deadline.end();
    }
  }

  /** An operation without variables is validated once: its requests differ by their context alone. */
  function validated(args: ExecutionArgs) {
    const { document, contextValue, variableValues } = args;
    const known = constant.get(document);
    if (known !== undefined) return { ...known, contextValue, rawVariableValues: variableValues };
    const operation = validateExecutionArgs(args);
    const isConstant =
      'schema' in operation &&
      document.definitions.length === 1 &&
      (operation.operation.variableDefinitions ?? []).length === 0;
    if (isConstant) {
      constant.set(document, { ...operation, contextValue: null, rawVariableValues: null });
    }
    return operation;
  }

  async function subscribe({ document, params, context, request }: Executed): Promise<Result> {
    // The subscription itself reads nothing; each of its events has a deadline.
    context.deadline.end();
    const args = argumentsOf(document, params, context);
    const fault = volume.faultOf(args, context);
    if (fault !== null) return { errors: [fault] };
    const operation = validateSubscriptionArgs(args);
    const { accepted } = track(request);
    if (!('schema' in operation)) {
      return { errors: operation.map((error) => invalid(error, accepted)) };
    }
    if (!accepted.events) return { errors: [notStreamed()] };
    const events = await createSourceEventStream(operation);
    if (!isAsyncIterable(events)) return refusedSubscription(events, accepted);
    return mapSourceToResponseEvent(operation, events, async (event) => {
      const contextValue = contextOfEvent(context);
      try {
        return await executeWhole({ ...event, contextValue });
      } finally {
        contextValue.deadline.end();
      }
    }) as AsyncIterable<Payload>;
  }

  function argumentsOf(document: DocumentNode, params: GraphQLParams, context: Context) {
    return {
      schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: context,
      hideSuggestions,
    };
  }

  return answer;
}

/** Has Yoga answer operations in the same way. */
export function useOperations(answer: AnswerOperation): Plugin {
  return {
    onParams({ setParamsHandler }) {
      setParamsHandler((({ request, params, context }: Handled) =>
        answer(request, params, context)) as never);
    },
  };
}

interface Handled {
  readonly request: Request;
  readonly params: GraphQLParams;
  readonly context: object;
}

function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(typeof error);
  return new GraphQLError(originalError.message, { originalError });
}
