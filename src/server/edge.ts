// The lean edge on node:http: a plain POST is read and written without Yoga's Request and Response, which cost several
// times what the calls to a broker do. What is answered is decided by the same function as on Yoga's way.
//
// A plain request is in the form that nearly all have: one operation as JSON in the body of a POST to the GraphQL address.
// It is recognised at node:http's own objects; one about which anything is unusual is not plain, and goes to Yoga's own
// adapter, before anything of it is executed.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type GraphQLParams, isAsyncIterable, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { AnswerHeaders, Payload, Results } from '../http/plugins/results.ts';
import type { AnswerOperation } from '../http/plugins/use-operations.ts';
import type { RequestTracker } from '../http/request/request-tracker.ts';
import { type Cancellable, Cancellation } from '../shared/cancellation.ts';
import { onAnswerOver } from './answer-over.ts';

type Yoga = YogaServerInstance<Record<string, unknown>, Record<string, unknown>>;

/** Finds the text of the document that a request names by an id; undefined for an unknown id. */
export type TextOfNamed = (params: GraphQLParams) => string | undefined;

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
 * @param request its head, as {@link requestHeadOf} reads it.
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
    const text = await bodyOf(message);
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

const contentType = /^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Whether a request looks plain, as far as its head tells. A request whose body is already being read is not plain.
 * @param longestBody bytes; a longer body is not plain, nor one of unknown length.
 */
function isPlainPost(
  { method, url, headers, httpVersionMajor, readableDidRead }: IncomingMessage,
  endpoint: string,
  longestBody: number,
): boolean {
  const length = headers['content-length'] ?? '';
  return (
    method === 'POST' &&
    url === endpoint &&
    contentType.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    /^[1-9]\d{0,8}$/.test(length) &&
    Number(length) <= longestBody &&
    httpVersionMajor === 1 &&
    !readableDidRead
  );
}

/** The body as text; null where its sender leaves before the end. */
function bodyOf(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const [first] = chunks;
        const bytes = chunks.length === 1 && first ? first : Buffer.concat(chunks);
        resolve(bytes.toString());
      })
      .on('error', () => resolve(null));
  });
}

/**
 * The operation in a body; null if the body is not one, is unusual, or may have an incremental answer.
 * @param textOfNamed null where requests may not name a document.
 */
function operationIn(text: string, textOfNamed: TextOfNamed | null): GraphQLParams | null {
  try {
    const operation: unknown = JSON.parse(text);
    return isPlainOperation(operation, textOfNamed) ? operation : null;
  } catch {
    return null;
  }
}

/** Words without which a document holds neither `@defer` nor a subscription. */
const inParts = /defer|subscription/;

const parameters: ReadonlySet<string> = new Set([
  'query',
  'variables',
  'operationName',
  'extensions',
]);

function isPlainOperation(value: unknown, textOfNamed: TextOfNamed | null): value is GraphQLParams {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) {
    if (!parameters.has(name) && (textOfNamed === null || name !== 'documentId')) return false;
  }
  const { query, variables, operationName, extensions } = value as Record<string, unknown>;
  // An empty text counts as no text, as it does where the operation is executed.
  const text = query || textOfNamed?.(value);
  return (
    typeof text === 'string' &&
    !inParts.test(text) &&
    isObjectOrNone(variables) &&
    // What they hold changes nothing.
    isObjectOrNone(extensions) &&
    (operationName == null || (typeof operationName === 'string' && operationName !== ''))
  );
}

function isObjectOrNone(value: unknown): boolean {
  return value == null || (typeof value === 'object' && !Array.isArray(value));
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

class HeadHeaders {
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    const value = this.#headers[name] ?? this.#headers[name.toLowerCase()];
    return typeof value === 'string' ? value : (value?.join(', ') ?? null);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }
}

class RequestHead {
  readonly method: string;
  readonly headers: HeadHeaders;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #departure: Cancellation | null = null;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.method = message.method ?? 'POST';
    this.headers = new HeadHeaders(message.headers);
    this.#message = message;
    this.#response = response;
  }

  get url(): string {
    return `http://${this.#message.headers.host ?? 'localhost'}${this.#message.url}`;
  }

  /** Fires when the client goes away before it has its answer. */
  get signal(): Cancellable {
    if (this.#departure === null) {
      const departure = new Cancellation();
      this.#departure = departure;
      const response = this.#response;
      onAnswerOver(this.#message, response, () => {
        if (!response.writableFinished) departure.abort();
      });
    }
    return this.#departure;
  }
}

/**
 * The head of a request, for code that takes a fetch Request but reads only its method, URL, headers and signal. Each
 * part is made when it is asked for: a real Request costs several times more.
 */
export function requestHeadOf(message: IncomingMessage, response: ServerResponse): Request {
  return new RequestHead(message, response) as unknown as Request;
}
