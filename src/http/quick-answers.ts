// The quick way from the socket into Yoga's pipeline, and back. A plain POST needs none of Yoga's Request and Response
// with their streams, which cost more than both calls to Kite: its body is read, and its answer written, by node:http.
// In between it goes through the same pipeline: every plugin that has a say in an operation has it here too.
//
// It is for what goes well. A request about which anything is unusual goes Yoga's way from the start; an answer with
// errors, or in parts, is handed over to Yoga to be written. Nothing is executed twice, and tests hold both ways to the
// same bytes.
import { IncomingMessage, ServerResponse } from 'node:http';
import {
  type GraphQLParams,
  isAsyncIterable,
  type Plugin,
  type YogaInitialContext,
  type YogaServerInstance,
} from 'graphql-yoga';
import type { Context } from '../context.ts';
import { isPlainPost, jsonTypeFor, operationIn, textOf } from './plain-post.ts';
import type { RequestTracker, TrackedRequest } from './request-tracker.ts';

type Yoga = YogaServerInstance<Record<string, unknown>, Context>;
type Result = NonNullable<Awaited<ReturnType<Yoga['getResultForParams']>>>;

/** What the quick way needs to know of its gateway. */
export interface QuickAnswersOptions {
  /** The path of the GraphQL address. */
  readonly endpoint: string;
  /** In bytes; Yoga refuses a longer one. */
  readonly longestBody: number;
  readonly track: RequestTracker;
  /** Whether answers to an Origin carry CORS headers, which are Yoga's to write. */
  readonly needsCors: (origin: string | null) => boolean;
  /** What the Vary header of every answer says; null for none. */
  readonly vary: string | null;
  /** Is told of every result, as by Yoga. */
  readonly log: Plugin<Context>;
}

/** The quick way, for one gateway. */
export interface QuickAnswers {
  /** Puts it in front of Yoga, for requests of `node:http`; whatever else Yoga can do stays as it is. */
  readonly inFrontOf: (yoga: Yoga) => Yoga;
  /** Lets Yoga go on where the quick way stopped. To be the first plugin. */
  readonly plugin: Plugin;
}

/** How far a request came before Yoga took over. */
interface Begun {
  readonly request: Request;
  readonly params: GraphQLParams;
  readonly serverContext: Pick<YogaInitialContext, 'waitUntil'>;
  readonly result: Result;
}

/** Makes the quick way. */
export function createQuickAnswers(options: QuickAnswersOptions): QuickAnswers {
  const { endpoint, longestBody, track, needsCors, vary, log } = options;
  const handedOver = new WeakMap<object, Begun>();

  const begunBefore = (serverContext: object): Begun | undefined => {
    const message = 'req' in serverContext ? serverContext.req : null;
    return message instanceof IncomingMessage ? handedOver.get(message) : undefined;
  };

  async function answer(yoga: Yoga, message: IncomingMessage, response: ServerResponse) {
    const text = await textOf(message);
    if (text === null) return;
    const type = jsonTypeFor(message.headers.accept);
    const params = type === null ? null : operationIn(text);
    const begun = params && (await execute(yoga, params, message, response));
    if (begun !== null && isWhole(begun.result)) {
      const { request, serverContext, result } = begun;
      await log.onResultProcess?.({ request, result, serverContext, ...ofNoUse });
      return send(response, `${type}; charset=utf-8`, JSON.stringify(result), track(request));
    }
    if (begun !== null) handedOver.set(message, begun);
    // As frameworks do that have read the body themselves.
    await yoga(Object.assign(message, { body: text }), response);
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
        if (begun === undefined) return;
        setRequest(begun.request);
        Object.assign(serverContext, begun.serverContext);
      },
      onRequestParse({ serverContext, setRequestParser }) {
        const params = begunBefore(serverContext)?.params;
        if (params !== undefined) setRequestParser(() => params);
      },
      onParams({ context, setResult }) {
        const result = begunBefore(context)?.result;
        if (result !== undefined) setResult(result);
      },
    },
  };
}

/** Executes an operation in Yoga's pipeline; null where that fails before it begins: Yoga knows what to answer. */
async function execute(
  yoga: Yoga,
  params: GraphQLParams,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<Begun | null> {
  // As Yoga's own, so that plugins find the same things in it.
  const serverContext = { req: message, res: response, waitUntil() {} };
  try {
    const request = requestOf(message, response, yoga);
    const result = await yoga.getResultForParams({ params, request }, serverContext);
    return result === undefined ? null : { request, params, serverContext, result };
  } catch {
    return null;
  }
}

/** Whether a result is one answer, and says nothing but data. */
function isWhole(result: Result): boolean {
  return !isAsyncIterable(result) && Object.keys(result).join() === 'data';
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
