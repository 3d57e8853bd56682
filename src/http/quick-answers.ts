// The quick way: a query that comes often is answered straight from node:http, by its compiled form. Yoga's Request and
// Response with their streams, and execution field by field, cost several times what the calls to Kite do.
//
// It is for what goes well. A request about which anything is unusual goes Yoga's way from the start; an answer with
// errors goes there from the middle: Yoga executes the query once more, by the book and in the same context, where what
// was read from Kite is in the loaders and not called for again. Tests hold the two ways to the same words.
import { IncomingMessage, ServerResponse } from 'node:http';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { CompiledQueries } from './compiled-queries.ts';
import {
  isPlainPost,
  jsonTypeFor,
  operationIn,
  type PlainOperation,
  textOf,
} from './plain-post.ts';
import type { RequestTracker, TrackedRequest } from './request-tracker.ts';

type Yoga = YogaServerInstance<Record<string, unknown>, Context>;

/** What the quick way needs to know of its gateway. */
export interface QuickAnswersOptions {
  readonly schema: GraphQLSchema;
  /** How often a query comes before it is compiled. */
  readonly afterUses: number;
  readonly endpoint: string;
  /** In bytes; Yoga refuses a longer one. */
  readonly longestBody: number;
  readonly track: RequestTracker;
  /** Whether answers to an Origin carry CORS headers, which are Yoga's to write. */
  readonly needsCors: (origin: string | null) => boolean;
  /** Makes the context of an operation. */
  readonly createContext: (request: Request, serverContext: object) => Promise<Context>;
  /** Is told of every result, as by Yoga. */
  readonly log: Plugin<Context>;
}

/** The quick way, for one gateway. */
export interface QuickAnswers {
  /** Puts it in front of Yoga, for requests of `node:http`; whatever else Yoga can do stays as it is. */
  readonly inFrontOf: (yoga: Yoga) => Yoga;
  /** Keeps the request's id where Yoga takes over. To be the first plugin. */
  readonly plugin: Plugin;
  /** The context that Yoga takes over; null where it has to make one. */
  readonly contextOf: (serverContext: object) => Context | null;
}

/** How far a request came before Yoga took over. */
interface Begun {
  readonly request: Request;
  readonly context: Context | null;
}

/** Makes the quick way. */
export function createQuickAnswers(options: QuickAnswersOptions): QuickAnswers {
  const { track, createContext, log } = options;
  const handedOver = new WeakMap<object, Begun>();

  function begunBefore(serverContext: object): Begun | undefined {
    const message = 'req' in serverContext ? serverContext.req : null;
    return typeof message === 'object' && message !== null ? handedOver.get(message) : undefined;
  }

  async function answer(
    { message, response }: Exchange,
    queries: CompiledQueries,
    yoga: Yoga,
  ): Promise<void> {
    const text = await textOf(message);
    if (text === null) return;
    const type = jsonTypeFor(message.headers.accept);
    const operation = type === null ? null : operationIn(text);
    const request = requestOf({ message, response }, yoga);
    const execute =
      operation && queries.find(operation, () => readBy(yoga, { request, params: operation }));
    if (execute) {
      const { context, result } = await attempt(message, request, (context) =>
        execute(undefined, context, operation.variables),
      );
      if (context !== null && result !== null) {
        context.deadline.end();
        const serverContext = { ...context, params: operation, waitUntil() {} };
        await log.onResultProcess?.({ request, result, serverContext, ...ofNoUse });
        send(response, `${type}; charset=utf-8`, JSON.stringify(result), track(request));
        return;
      }
      handedOver.set(message, { request, context });
    }
    // As frameworks do that have read the body themselves.
    await yoga(Object.assign(message, { body: text }), response);
  }

  /** Executes a query in a new context. The result is null where anything goes wrong: Yoga, too, will come upon it. */
  async function attempt(message: IncomingMessage, request: Request, execute: Execute) {
    let context: Context | null = null;
    try {
      context = await createContext(request, { req: message });
      const result = await execute(context);
      return { context, result: result.errors === undefined ? result : null };
    } catch {
      return { context, result: null };
    }
  }

  return {
    inFrontOf(yoga) {
      const { endpoint, longestBody, needsCors } = options;
      const queries = new CompiledQueries(options);
      return new Proxy(yoga, {
        apply(target, self, words) {
          const exchange = exchangeIn(words);
          const isQuick =
            exchange !== null &&
            isPlainPost(exchange.message, endpoint, longestBody) &&
            !needsCors(exchange.message.headers.origin ?? null);
          if (isQuick) return answer(exchange, queries, yoga);
          return Reflect.apply(target, self, words);
        },
      });
    },
    plugin: {
      onRequest({ request, serverContext }) {
        const begun = begunBefore(serverContext);
        if (begun !== undefined) track(request, begun.request);
      },
    },
    contextOf: (serverContext) => begunBefore(serverContext)?.context ?? null,
  };
}

type Execute = (context: Context) => ExecutionResult | Promise<ExecutionResult>;

/** What a plugin that is only told of a result has no use for. */
const ofNoUse = { acceptableMediaTypes: [], setResult() {}, setResultProcessor() {} };

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/** What `node:http` calls a listener with; null for a call of another kind. */
function exchangeIn(words: readonly unknown[]): Exchange | null {
  const [message, response] = words;
  return words.length === 2 &&
    message instanceof IncomingMessage &&
    response instanceof ServerResponse
    ? { message, response }
    : null;
}

/** The request as the context needs it: with its head, and a signal that fires when the client goes away. */
function requestOf({ message, response }: Exchange, { fetchAPI }: Yoga): Request {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const { headers, method = 'POST', url = '/' } = message;
  return new fetchAPI.Request(`http://${headers.host ?? 'localhost'}${url}`, {
    method,
    // Duplicates are joined to one string by then, but for Set-Cookie, which requests have not.
    headers: headers as Record<string, string>,
    signal: gone.signal,
  });
}

/** What Yoga's engine wants to know of an operation from the start. */
interface Initial {
  readonly request: Request;
  readonly params: PlainOperation;
}

/** Parses and validates as Yoga does, limits included; null for what Yoga refuses. */
function readBy(yoga: Yoga, initial: Initial): DocumentNode | null {
  const { parse, validate, schema } = yoga.getEnveloped(initial);
  try {
    const document: DocumentNode = parse(initial.params.query);
    return validate(schema, document).length === 0 ? document : null;
  } catch {
    return null;
  }
}

function send(
  response: ServerResponse,
  contentType: string,
  body: string,
  { id, setCookies }: TrackedRequest,
): void {
  response.writeHead(200, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-request-id': id,
    ...(setCookies.length > 0 && { 'set-cookie': setCookies }),
  });
  response.end(body);
}
