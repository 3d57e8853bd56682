// The lean edge on node:http: a plain POST is read and written without Yoga's Request and Response, which cost several
// times what the calls to a broker do. What is answered is decided by the same function as on Yoga's way.
//
// Any request that is not plain goes to Yoga's own adapter, before anything of it is executed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAsyncIterable, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Payload, Results } from '../http/plugins/results.ts';
import type { AnswerHeaders } from '../http/plugins/use-headers.ts';
import type { AnswerOperation } from '../http/plugins/use-operations.ts';
import type { RequestTracker } from '../http/request/request-tracker.ts';
import { isPlainPost, operationIn, type TextOfNamed, textOf } from './plain-post.ts';

type Yoga = YogaServerInstance<Record<string, unknown>, Record<string, unknown>>;

/** What the edge needs to know of its gateway. */
export interface EdgeOptions {
  /** The path of the GraphQL address. */
  readonly endpoint: string;
  /** In bytes; Yoga refuses a longer one. */
  readonly longestBody: number;
  readonly track: RequestTracker;
  /** Whether answers to an Origin carry CORS headers, which are Yoga's to write. */
  readonly needsCors: (origin: string | null) => boolean;
  /** Finds the documents that requests name; null where they may name none. */
  readonly textOfNamed: TextOfNamed | null;
  /** The one way an operation is answered. */
  readonly answerOperation: AnswerOperation;
  readonly results: Results;
  readonly headersFor: AnswerHeaders;
  readonly log: Logger;
}

/**
 * Answers a request if it is a plain one. Any other stays as it is.
 * @param request its head, as {@link plainRequestOf} reads it.
 * @returns whether the request is plain.
 */
export type Edge = (
  message: IncomingMessage,
  response: ServerResponse,
  request: Request,
) => boolean;

/** Makes the edge, which hands a body that is not plain to Yoga. */
export function createEdge(yoga: Yoga, options: EdgeOptions): Edge {
  const { endpoint, longestBody, track, needsCors, answerOperation, results, headersFor, log } =
    options;
  const { textOfNamed } = options;

  async function answer(
    message: IncomingMessage,
    response: ServerResponse,
    request: Request,
  ): Promise<void> {
    const text = await textOf(message);
    if (text === null) return;
    const tracked = track(request);
    const { json } = tracked.accepted;
    const params = operationIn(text, textOfNamed);
    if (json === null || params === null) {
      // As frameworks do that have read the body themselves.
      await yoga(Object.assign(message, { body: text }), response);
      return;
    }
    const serverContext = { req: message, res: response };
    const executed = await answerOperation(request, params, serverContext);
    const result = results.finish(executed, { request, serverContext });
    if (isAsyncIterable(result)) throw new TypeError('A plain answer cannot come in parts');
    const { status, headers } = headOf(result, json);
    const body = JSON.stringify(withoutInternals(result));
    response.writeHead(status, {
      'content-type': `${json}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      ...headersFor(tracked),
      ...headers,
    });
    response.end(body);
  }

  return (message, response, request) => {
    const isPlain =
      isPlainPost(message, endpoint, longestBody) && !needsCors(message.headers.origin ?? null);
    if (!isPlain) return false;
    answer(message, response, request).catch((error: unknown) => {
      log.error({ error: error instanceof Error ? error.name : typeof error }, 'No answer');
      response.destroy();
    });
    return true;
  };
}

interface HttpExtension {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether clients that ask for plain JSON get the error with status 200. */
  readonly spec?: boolean;
}

/** The status of an answer and the headers that go with it, as its errors ask for them. */
function headOf({ errors = [] }: Payload, json: string) {
  let status = 200;
  const headers: Record<string, string> = {};
  for (const { extensions } of errors) {
    const http = extensions?.http as HttpExtension | undefined;
    Object.assign(headers, http?.headers);
    if (json === 'application/json' && http?.spec === true) continue;
    if (http?.status !== undefined && http.status > status) status = http.status;
  }
  return { status, headers };
}

function withoutInternals(result: Payload): object {
  if (result.errors === undefined) return result;
  const errors = result.errors.map((error) => {
    const formatted = error.toJSON();
    const { http: _, ...extensions } = formatted.extensions ?? {};
    return { ...formatted, extensions };
  });
  return { ...result, errors };
}
