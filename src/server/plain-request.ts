// A plain POST as the pipeline sees it: the head of a request of node:http in the form of fetch's Request, of which each
// part is made when it is asked for. A real Request costs several times what reading its head does.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Cancellable, Cancellation } from '../shared/cancellation.ts';

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
        response.once('close', () => {
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
