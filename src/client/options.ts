// How a client sends its requests, and what its methods are given.
import type { ClientError } from './errors.ts';
import type { Result } from './result.ts';

/** Where the gateway is, and how requests are sent to it. */
export interface ClientOptions {
  /** The address of GraphQL, such as `https://api.example.com/graphql`; in a page also a relative one. */
  readonly url: string;
  /** Whether requests carry the cookie. Default `include`: the gateway's cookie is also sent from other origins. */
  readonly credentials?: RequestCredentials;
  /**
   * Headers of every request, such as `authorization` on a server; or what makes them, for each request. If it throws or
   * rejects, the request fails with NETWORK_FAILED, and a subscription is tried again.
   */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>);
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /**
   * Milliseconds without a byte of the gateway, after which a request fails with TIMED_OUT and a subscription
   * reconnects; 0 for no limit. Default 40,000: longer than an operation takes, and than the pause between two signs of
   * life of a subscription.
   */
  readonly timeoutMilliseconds?: number;
  /**
   * Whether documents with an id are sent by it, and without their text. Default: they are, until the gateway says that
   * it has no list of trusted documents. With false, each page saves the request that finds that out.
   */
  readonly trustedDocuments?: boolean;
  /**
   * How often a query is sent again if a part of it failed with a `retryAfterSeconds`. What it has read already is not
   * read again. Default 2; 0 for never.
   */
  readonly maxRetries?: number;
  /** The longest wait for one retry, in seconds: an error with a longer `retryAfterSeconds` starts none. Default 10. */
  readonly maxRetrySeconds?: number;
  /** The longest wait before a subscription is opened again, in seconds. Default 30. */
  readonly maxReconnectSeconds?: number;
}

/** The headers of a request, by name. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** How one operation is sent. */
export interface RequestOptions {
  /** Cancels the operation: it fails with ABORTED, and the gateway cancels its calls. */
  readonly signal?: AbortSignal;
  /** Headers of this request, beside those of the client. */
  readonly headers?: RequestHeaders;
}

/** How a query is sent. */
export interface QueryOptions extends RequestOptions {
  /** Accepts answers of brokers up to this many seconds old, without a new call. Default: none. */
  readonly maxAge?: number;
}

/** How a subscription is sent. */
export interface SubscribeOptions extends RequestOptions {
  /** The stream broke off. It is opened again after the wait; until then, what was received may be old. */
  readonly onDisconnect?: (loss: Disconnection) => void;
  /** The stream is open again. The gateway has sent the present state, which the iteration yields next. */
  readonly onReconnect?: () => void;
}

/** A stream that broke off. */
export interface Disconnection {
  /** Why. */
  readonly error: ClientError;
  /** Milliseconds until it is opened again. */
  readonly waitMilliseconds: number;
  /** How often it has broken off since it last stayed open for ten seconds: 1, 2, ... */
  readonly attempt: number;
}

/** An answer so far. */
export type PartialResult<Data> = Result<Data> & {
  /** Whether more parts follow. Until then `data` may lack deferred fields. */
  readonly hasNext: boolean;
};

/** Variables, left out where the document needs none, and options. */
export type Rest<Variables, Options> =
  Record<never, never> extends Variables
    ? [variables?: Variables | undefined, options?: Options]
    : [variables: Variables, options?: Options];
