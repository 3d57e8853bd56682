// The quick way: a query that comes often is answered straight from node:http, by its compiled form. Yoga's Request and
// Response with their streams, and execution field by field, cost several times what the calls to Kite do.
//
// It is for what goes well. A request about which anything is unusual goes Yoga's way from the start; where an answer
// would have errors, Yoga takes over: it executes the query by the book and in the same context, where what was read
// from Kite is in the loaders and not called for again. Tests hold both ways to the same bytes.
import { IncomingMessage, ServerResponse } from 'node:http';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { GraphQLParams, Plugin, YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { type Compiled, CompiledQueries } from './compiled-queries.ts';
import { isPlainPost, jsonTypeFor, operationIn, textOf } from './plain-post.ts';
import type { RequestTracker, TrackedRequest } from './request-tracker.ts';
import type { VolumeLimits } from './use-volume-limits.ts';

type Yoga = YogaServerInstance<Record<string, unknown>, Context>;

/** What the quick way needs to know of its gateway. */
export interface QuickAnswersOptions {
  readonly schema: GraphQLSchema;
  /** How often a query comes before it is compiled. */
  readonly afterUses: number;
  /** The path of the GraphQL address. */
  readonly endpoint: string;
  /** In bytes; Yoga refuses a longer one. */
  readonly longestBody: number;
  readonly track: RequestTracker;
  /** Whether answers to an Origin carry CORS headers, which are Yoga's to write. */
  readonly needsCors: (origin: string | null) => boolean;
  /** What the Vary header of every answer says; null for none. */
  readonly vary: string | null;
  /** Makes the context of an operation. */
  readonly createContext: (request: Request, serverContext: object) => Promise<Context>;
  /** Bounds on an operation's values and its answer. */
  readonly volume: VolumeLimits;
  /** Is told of every result, as by Yoga. */
  readonly log: Plugin<Context>;
}

/** The quick way, for one gateway. */
export interface QuickAnswers {
  /** Puts it in front of Yoga, for requests of `node:http`; whatever else Yoga can do stays as it is. */
  readonly inFrontOf: (yoga: Yoga) => Yoga;
  /** Lets Yoga go on where the quick way stopped. To be the first plugin. */
  readonly plugin: Plugin;
  /** The context that Yoga takes over; null where it has to make one. */
  readonly contextOf: (serverContext: object) => Context | null;
}

/** How far a request came before Yoga took over. */
interface Begun {
  readonly params: GraphQLParams;
  readonly request: Request;
  readonly context: Context;
}

/** Makes the quick way. */
export function createQuickAnswers(options: QuickAnswersOptions): QuickAnswers {
  const { schema, endpoint, longestBody, track, needsCors, vary, createContext, volume, log } =
    options;
  const queries = new CompiledQueries(schema, options.afterUses);
  const handedOver = new WeakMap<object, Begun>();

  const begunBefore = (serverContext: object): Begun | undefined => {
    const message = 'req' in serverContext ? serverContext.req : null;
    return message instanceof IncomingMessage ? handedOver.get(message) : undefined;
  };

  async function answer(yoga: Yoga, message: IncomingMessage, response: ServerResponse) {
    const text = await textOf(message);
    if (text === null) return;
    // Whatever fails here, before a byte is written, Yoga comes upon too, and knows what to answer.
    if (await isAnswered(text, yoga, message, response).catch(() => false)) return;
    // As frameworks do that have read the body themselves.
    await yoga(Object.assign(message, { body: text }), response);
  }

  /** Answers, if it can. If not, it keeps what it has begun for Yoga. */
  async function isAnswered(
    text: string,
    yoga: Yoga,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const type = jsonTypeFor(message.headers.accept);
    const params = operationIn(text);
    if (type === null || params === null) return false;
    const request = requestOf(message, response, yoga);
    const compiled = queries.find(params, () => readBy(yoga, params, request));
    if (compiled === null) return false;
    const context = await createContext(request, { req: message });
    const result = await execute(compiled, params, context);
    if (result === null) {
      handedOver.set(message, { params, request, context });
      return false;
    }
    context.deadline.end();
    const serverContext = { ...context, params, waitUntil() {} };
    await log.onResultProcess?.({ request, result, serverContext, ...ofNoUse });
    send(response, `${type}; charset=utf-8`, JSON.stringify(result), track(request));
    return true;
  }

  /** The data of a query; null where it would not come alone. */
  async function execute(
    { document, execute }: Compiled,
    { variables }: GraphQLParams,
    context: Context,
  ): Promise<ExecutionResult | null> {
    const executed = { schema, document, variableValues: variables };
    if (volume.faultOf(executed, context) !== null) return null;
    const result = await execute(undefined, context, variables);
    return result.errors === undefined ? result : null;
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
      ...(vary !== null && { vary }),
      ...(setCookies.length > 0 && { 'set-cookie': setCookies }),
    });
    response.end(body);
  }

  return {
    inFrontOf: (yoga) =>
      new Proxy(yoga, {
        apply(target, self, words) {
          const [message, response] = words;
          const isQuick =
            words.length === 2 &&
            message instanceof IncomingMessage &&
            response instanceof ServerResponse &&
            isPlainPost(message, endpoint, longestBody) &&
            !needsCors(message.headers.origin ?? null);
          if (isQuick) return answer(target, message, response);
          return Reflect.apply(target, self, words);
        },
      }),
    plugin: {
      onRequest({ serverContext, setRequest }) {
        const begun = begunBefore(serverContext);
        if (begun !== undefined) setRequest(begun.request);
      },
      onRequestParse({ serverContext, setRequestParser }) {
        const begun = begunBefore(serverContext);
        if (begun !== undefined) setRequestParser(() => begun.params);
      },
    },
    contextOf: (serverContext) => begunBefore(serverContext)?.context ?? null,
  };
}

/** Parses and validates as Yoga does, limits included; null for what Yoga refuses. */
function readBy(yoga: Yoga, params: GraphQLParams, request: Request): DocumentNode | null {
  const { parse, validate, schema } = yoga.getEnveloped({ params, request });
  try {
    const document: DocumentNode = parse(params.query);
    return validate(schema, document).length === 0 ? document : null;
  } catch {
    return null;
  }
}

/** What a plugin that is only told of a result has no use for. */
const ofNoUse = { acceptableMediaTypes: [], setResult() {}, setResultProcessor() {} };

/** The request as the context needs it: with its head, and a signal that fires when the client goes away. */
function requestOf(
  message: IncomingMessage,
  response: ServerResponse,
  { fetchAPI }: Yoga,
): Request {
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
