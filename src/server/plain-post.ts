// Requests in the form that nearly all have: one operation as JSON in the body of a POST to the GraphQL address.
// They are recognised at node:http's own objects; one about which anything is unusual is not plain. The pipeline sees
// them in the form of fetch's Request, of which each part is made when it is asked for: a real Request costs several
// times what reading its head does.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';
import { type Cancellable, Cancellation } from '../shared/cancellation.ts';

const contentType = /^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Whether a request looks plain, as far as its head tells. A request whose body is already being read is not plain.
 * @param longestBody bytes; a longer body is not plain, nor one of unknown length.
 */
export function isPlainPost(
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
export function textOf(request: IncomingMessage): Promise<string | null> {
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

/** Finds the text of the document that a request names by an id; undefined for an unknown id. */
export type TextOfNamed = (params: GraphQLParams) => string | undefined;

/**
 * The operation in a body; null if the body is not one, is unusual, or may have an incremental answer.
 * @param textOf null where requests may not name a document.
 */
export function operationIn(text: string, textOf: TextOfNamed | null): GraphQLParams | null {
  try {
    const operation: unknown = JSON.parse(text);
    return isPlainOperation(operation, textOf) ? operation : null;
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

function isPlainOperation(value: unknown, textOf: TextOfNamed | null): value is GraphQLParams {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) {
    if (!parameters.has(name) && (textOf === null || name !== 'documentId')) return false;
  }
  const { query, variables, operationName, extensions } = value as Record<string, unknown>;
  const text = query ?? textOf?.(value);
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

class PlainHeaders {
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

class PlainRequest {
  readonly method: string;
  readonly headers: PlainHeaders;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #departure: Cancellation | null = null;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.method = message.method ?? 'POST';
    this.headers = new PlainHeaders(message.headers);
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
      if (response.closed) departure.abort();
      else {
        response.on('close', () => {
          if (!response.writableFinished) departure.abort();
        });
      }
    }
    return this.#departure;
  }
}

/**
 * The head of a request whose body has been read, for code that takes a fetch Request and reads its head only: its
 * method, URL, headers by name, and signal.
 */
export function plainRequestOf(message: IncomingMessage, response: ServerResponse): Request {
  return new PlainRequest(message, response) as unknown as Request;
}
