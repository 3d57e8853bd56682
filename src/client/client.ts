// The client: queries, mutations, subscriptions, answers in parts and logins over fetch, without dependencies.
import { type GraphqlDocument, readDocument } from './documents.ts';
import { type ClientError, readErrors } from './errors.ts';
import { type LoginOptions, loginUrlOf } from './login.ts';
import { mergeFragment } from './merge.ts';
import type {
  ClientOptions,
  PartialResult,
  QueryOptions,
  RequestOptions,
  Rest,
  SubscribeOptions,
} from './options.ts';
import { backoffMilliseconds, pause, stableMilliseconds } from './pause.ts';
import { type PostSettings, post, type ReceivedPayload } from './payloads.ts';
import { type SessionSummary, sessionsDocument } from './queries.ts';
import { errorOf, type Result, readPayload, resultOf } from './result.ts';

export type { GraphqlDocument, ParsedDocument, TypedDocument } from './documents.ts';
export {
  type ClientError,
  type ErrorFields,
  type GatewayError,
  type GatewayErrorCode,
  gatewayErrorCodes,
  type TransportError,
} from './errors.ts';
export { type LoginApp, type LoginOptions, takeLoginError } from './login.ts';
export type {
  ClientOptions,
  Disconnection,
  PartialResult,
  QueryOptions,
  RequestHeaders,
  RequestOptions,
  Rest,
  SubscribeOptions,
} from './options.ts';
export { clientDocuments, type SessionSummary } from './queries.ts';
export { ClientFailure, type Result, unwrap } from './result.ts';

// biome-ignore lint/suspicious/noExplicitAny: the variables of a document without types.
type AnyVariables = any;

/** A client of one gateway. Its methods need no `this`. They never throw for what fails on the way: see `Result`. */
export interface Client {
  /**
   * Sends a query. What fails with a `retryAfterSeconds` is asked for again, within `maxRetries`.
   * @example
   * const { data, error } = await client.query('{ accounts { id user { userName } } }');
   */
  query<Data = unknown, Variables = AnyVariables>(
    document: GraphqlDocument<Data, Variables>,
    ...rest: Rest<Variables, QueryOptions>
  ): Promise<Result<Data>>;
  /** Sends a mutation, once: it is never repeated. */
  mutate<Data = unknown, Variables = AnyVariables>(
    document: GraphqlDocument<Data, Variables>,
    ...rest: Rest<Variables, RequestOptions>
  ): Promise<Result<Data>>;
  /**
   * Sends a query with `@defer`, and yields the answer as it grows: each time all that has arrived. An answer that
   * breaks off ends with an error beside the data that has arrived.
   */
  parts<Data = unknown, Variables = AnyVariables>(
    document: GraphqlDocument<Data, Variables>,
    ...rest: Rest<Variables, QueryOptions>
  ): AsyncGenerator<PartialResult<Data>, void, void>;
  /**
   * Subscribes, and yields events. A stream that breaks off is opened again, with growing waits; one that the gateway
   * refuses yields the error and ends. The iteration ends when the gateway says so, or when the signal is aborted.
   */
  subscribe<Data = unknown, Variables = AnyVariables>(
    document: GraphqlDocument<Data, Variables>,
    ...rest: Rest<Variables, SubscribeOptions>
  ): AsyncGenerator<Result<Data>, void, void>;
  /** The address of a login, for a link. */
  loginUrl(options?: LoginOptions): string;
  /** Leaves this page for a login; for "log in again" pass an account, a session or its error as `app`. */
  login(options?: LoginOptions): void;
  /** The sessions of this browser, the newest first, ended ones included. Makes no call to a broker. */
  sessions(options?: RequestOptions): Promise<Result<readonly SessionSummary[]>>;
}

const accepted = {
  json: 'application/graphql-response+json, application/json',
  parts: 'multipart/mixed, application/graphql-response+json, application/json',
  events: 'text/event-stream, application/graphql-response+json, application/json',
};

/**
 * Makes a client.
 * @example
 * const client = createClient({ url: 'http://localhost:4000/graphql' });
 */
export function createClient(options: ClientOptions): Client {
  const { url, maxRetries = 2, maxRetrySeconds = 10 } = options;
  let takesIds = options.trustedDocuments ?? true;

  async function* send(
    accept: string,
    document: unknown,
    variables: unknown,
    { signal, headers, maxAge }: QueryOptions,
  ): AsyncGenerator<ReceivedPayload> {
    const { documentId, query, isOwn } = readDocument(document);
    const settings: PostSettings = {
      url,
      credentials: options.credentials ?? 'include',
      headers: async () => ({
        accept,
        ...(maxAge !== undefined && { 'cache-control': `max-age=${maxAge}` }),
        ...(typeof options.headers === 'function' ? await options.headers() : options.headers),
        ...headers,
      }),
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      timeoutMilliseconds: options.timeoutMilliseconds ?? 40_000,
      signal,
    };
    if (documentId && takesIds && !isOwn) {
      let isRefused = false;
      for await (const received of post({ documentId, variables }, settings)) {
        const [error] = readErrors(received.payload.errors, received.httpStatus);
        isRefused = query !== '' && error?.field === 'documentId';
        if (isRefused) break;
        yield received;
      }
      if (!isRefused) return;
      takesIds = false;
    }
    yield* post({ ...(isOwn && { documentId }), query, variables }, settings);
  }

  async function once<Data>(
    document: unknown,
    variables: unknown,
    request: QueryOptions,
  ): Promise<Result<Data>> {
    try {
      for await (const received of send(accepted.json, document, variables, request)) {
        return readPayload(received);
      }
    } catch (caught) {
      return resultOf(null, [errorOf(caught)]);
    }
    throw new TypeError('post yields a payload or throws');
  }

  return {
    async query(document, variables?: unknown, request: QueryOptions = {}) {
      const start = Date.now();
      let result = await once<never>(document, variables, request);
      for (let retries = 0; retries < maxRetries; retries++) {
        const seconds = secondsToRetry(result, maxRetrySeconds);
        if (seconds === null) break;
        await pause(seconds * 1_000, request.signal);
        if (request.signal?.aborted) break;
        // What this query has read already is not read again.
        const age = Math.ceil((Date.now() - start) / 1_000);
        const maxAge = Math.max(age, request.maxAge ?? 0);
        const next = await once<never>(document, variables, { ...request, maxAge });
        if (next.data === null && result.data !== null) break;
        result = next;
      }
      return result;
    },

    mutate: (document, variables?: unknown, request: RequestOptions = {}) =>
      once(document, variables, request),

    async *parts(document, variables?: unknown, request: QueryOptions = {}) {
      let data: unknown = null;
      const errors: ClientError[] = [];
      try {
        for await (const received of send(accepted.parts, document, variables, request)) {
          const { payload, httpStatus } = received;
          if ('data' in payload) data = payload.data;
          for (const part of [payload, ...(payload.incremental ?? [])]) {
            if ('path' in part) data = mergeFragment(data, part);
            errors.push(...readErrors(part.errors, httpStatus));
          }
          yield { ...resultOf<never>(data, [...errors]), hasNext: payload.hasNext ?? false };
        }
      } catch (caught) {
        yield { ...resultOf<never>(data, [errorOf(caught), ...errors]), hasNext: false };
      }
    },

    async *subscribe(document, variables?: unknown, request: SubscribeOptions = {}) {
      const { signal, onDisconnect, onReconnect } = request;
      let failures = 0;
      while (!signal?.aborted) {
        let error: ClientError;
        let openedAt: number | null = null;
        try {
          let refusal: ClientError | null = null;
          for await (const received of send(accepted.events, document, variables, request)) {
            const result = readPayload<never>(received);
            refusal = result.data === null ? result.error : null;
            if (refusal?.retryable) break;
            if (openedAt === null && failures > 0) onReconnect?.();
            openedAt ??= performance.now();
            yield result;
            if (refusal) return;
          }
          if (!refusal) return;
          error = refusal;
        } catch (caught) {
          error = errorOf(caught);
          if (signal?.aborted) return;
          if (!error.retryable) return yield resultOf<never>(null, [error]);
        }
        // A stream that is cut after its first event, each time, is opened less and less often.
        const isStable = openedAt !== null && performance.now() - openedAt >= stableMilliseconds;
        failures = isStable ? 1 : failures + 1;
        const asked = (error.retryAfterSeconds ?? 0) * 1_000;
        const waitMilliseconds = Math.max(
          asked,
          backoffMilliseconds(failures, options.maxReconnectSeconds ?? 30),
        );
        onDisconnect?.({ error, waitMilliseconds, attempt: failures });
        await pause(waitMilliseconds, signal, asked);
      }
    },

    loginUrl: (login = {}) => loginUrlOf(url, login),
    login: (login = {}) => location.assign(loginUrlOf(url, login)),
    async sessions(request = {}) {
      const { data, errors } = await once<{ sessions: SessionSummary[] | null }>(
        sessionsDocument,
        {},
        request,
      );
      return resultOf(data?.sessions, errors);
    },
  };
}

/** The seconds after which a query that failed in part may be complete; null if it will not be in this time. */
function secondsToRetry({ errors }: Result<unknown>, mostSeconds: number): number | null {
  const seconds = errors.flatMap(({ retryable, retryAfterSeconds }) =>
    retryable && retryAfterSeconds !== undefined && retryAfterSeconds <= mostSeconds
      ? retryAfterSeconds
      : [],
  );
  return seconds.length === 0 ? null : Math.max(...seconds);
}
