// The client of the gateway that serves this page.
import {
  type ClientError,
  createClient,
  type PartialResult,
  type Result,
  type SubscribeOptions,
  type TypedDocument,
} from '../../src/client/client.ts';
import type { TypedDocumentString } from '../generated/graphql.ts';
import type { Place } from '../place.ts';

/** What went wrong, as a panel shows it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly requestId?: string | undefined;
}

/** How the console sends its documents. */
export interface GatewayClient {
  query<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    maxAge?: number,
  ): Promise<Result<Data>>;
  mutate<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Result<Data>>;
  parts<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    signal: AbortSignal,
  ): AsyncGenerator<PartialResult<Data>, void, void>;
  subscribe<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    options: SubscribeOptions,
  ): AsyncGenerator<Result<Data>, void, void>;
}

/** Makes the client. Where the gateway has a list of trusted documents, it is sent their ids, and else their texts. */
export function createGatewayClient({ graphql: url, isTrusted }: Place): GatewayClient {
  const client = createClient({ url, credentials: 'same-origin' });
  const sent = <Data, Variables>(document: TypedDocumentString<Data, Variables>) =>
    (isTrusted ? document : document.toString()) as unknown as TypedDocument<Data, unknown>;
  return {
    query: (document, variables, maxAge) =>
      client.query(sent(document), variables, maxAge === undefined ? {} : { maxAge }),
    mutate: (document, variables) => client.mutate(sent(document), variables),
    parts: (document, variables, signal) => client.parts(sent(document), variables, { signal }),
    subscribe: (document, variables, options) =>
      client.subscribe(sent(document), variables, options),
  };
}

/** A failure of the client as a problem. */
export function problemOf({ code, message, retryable, requestId }: ClientError): Problem {
  return { code, message, retryable, requestId };
}
