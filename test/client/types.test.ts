// What the compiler checks for users of the client: codes, documents and variables. `tsc` compiles this file.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type DocumentNode, parse, print } from 'graphql';
import { expect, test } from 'vitest';
import type { Client, ClientError, GatewayErrorCode, Result } from '../../src/client/client.ts';
import {
  accountsDocument,
  liveMarginsDocument,
  sessionsChangedDocument,
  sessionsDocument,
} from '../../src/client/queries.ts';
import type { ErrorCode as LibraryErrorCode } from '../../src/index.ts';
import { graphql } from '../generated/gql.ts';
import type {
  ErrorCode,
  OwnAccountsQuery,
  OwnLiveMarginsSubscription,
  OwnLiveMarginsSubscriptionVariables,
  OwnSessionsChangedSubscription,
  OwnSessionsQuery,
} from '../generated/graphql.ts';

type Equal<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : never) : never;

/** The codes are those of the schema, and of the library. */
export const codes: [
  Equal<GatewayErrorCode, ErrorCode>,
  Equal<GatewayErrorCode, LibraryErrorCode>,
] = [true, true];

/** A switch over all codes needs no default: without one of them, this does not compile. */
export function wordsFor(error: ClientError): string {
  switch (error.code) {
    case 'UNAUTHENTICATED':
    case 'SESSION_EXPIRED':
    case 'TOKEN_REJECTED':
      return `Log in: ${error.loginUrl}`;
    case 'RATE_LIMITED':
      return `Wait for ${error.retryAfterSeconds} seconds`;
    case 'UPSTREAM_UNAVAILABLE':
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_INVALID_RESPONSE':
    case 'UPSTREAM_ERROR':
      return `${error.broker?.name} failed`;
    case 'AMBIGUOUS_ACCOUNT':
    case 'NOT_FOUND':
    case 'BAD_USER_INPUT':
      return `Wrong: ${error.field}`;
    case 'DUPLICATE_USER':
    case 'PERMISSION_DENIED':
    case 'TOO_LARGE':
    case 'APP_MISCONFIGURED':
    case 'NOT_SUPPORTED':
    case 'KEYRING_UNAVAILABLE':
    case 'DOCUMENT_NOT_TRUSTED':
    case 'DOCUMENT_NOT_FOUND':
    case 'DOCUMENT_MISMATCH':
    case 'INTERNAL_SERVER_ERROR':
      return error.message;
    case 'NETWORK_FAILED':
      return `Offline: ${error.cause}`;
    case 'TIMED_OUT':
    case 'ABORTED':
      return error.message;
    case 'NOT_GRAPHQL':
      return error.contentType;
    case 'UNKNOWN_CODE':
      return error.gatewayCode;
  }
}

// @ts-expect-error: a switch that lacks a code ends without a text
export function lacksCodes(error: ClientError): string {
  switch (error.code) {
    case 'RATE_LIMITED':
      return 'Wait';
  }
}

/** As gql.tada declares its documents. */
interface TadaDocument<Data, Variables> extends DocumentNode {
  __apiType?: (variables: Variables) => Data;
  __ensureTypesOfVariablesAndResultMatching?: (variables: Variables) => Data;
}

interface Names {
  readonly names: string[];
}
declare const node: TypedDocumentNode<Names, { [key: string]: never }>;
declare const tada: TadaDocument<Names, { id: string; count?: number | null }>;
declare const untyped: DocumentNode;
const text = graphql(/* GraphQL */ `
  query TypedText($id: ID!) {
    account(id: $id) {
      user {
        userName
      }
    }
  }
`);

/** Documents of every tool give their types. */
export async function documents(client: Client): Promise<unknown> {
  const one: Result<Names> = await client.query(node);
  const other: Result<Names> = await client.mutate(tada, { id: 'a' });
  const { data } = await client.query(text, { id: 'a' });
  const name: string | null | undefined = data?.account?.user?.userName;
  const own = await client.query<Names>('{ names }', { any: 'variable' });
  const unknown = await client.query(untyped);
  // @ts-expect-error: nothing is known of the data of a document without types
  unknown.data.names;
  for await (const part of client.parts(node)) part.data?.names satisfies string[] | undefined;
  for await (const event of client.subscribe(tada, { id: 'a' }, { onReconnect: () => {} })) {
    event.data?.names satisfies string[] | undefined;
  }
  if (one.ok) {
    one.data.names satisfies string[];
    one.error satisfies null;
  } else {
    one.error.code satisfies string;
    // @ts-expect-error: it may be null beside an error
    one.data.names;
  }
  // @ts-expect-error: the variables are missing
  client.query(tada);
  // @ts-expect-error: a variable has another type
  client.query(text, { id: { not: 'a text' } });
  // @ts-expect-error: the field was not selected
  data?.account?.apiKey;
  return [other, name, own];
}

const ownDocuments = [
  [
    sessionsDocument,
    graphql(/* GraphQL */ `
      query OwnSessions {
        sessions {
          id state active broker apiKey expiresAt issuedAt endedAt endReason
          account { id label }
          user { id userId userName }
        }
      }
    `),
  ],
  [
    sessionsChangedDocument,
    graphql(/* GraphQL */ `
      subscription OwnSessionsChanged {
        sessionsChanged {
          reason
          session {
            id state active broker apiKey expiresAt issuedAt endedAt endReason
            account { id label }
            user { id userId userName }
          }
        }
      }
    `),
  ],
  [
    accountsDocument,
    graphql(/* GraphQL */ `
      query OwnAccounts {
        accounts {
          id apiKey broker label
          user { id userId userName }
          session { id state active expiresAt }
        }
      }
    `),
  ],
  [
    liveMarginsDocument,
    graphql(/* GraphQL */ `
      subscription OwnLiveMargins($accountIds: [ID!], $everySeconds: Int) {
        marginsChanged(accountIds: $accountIds, everySeconds: $everySeconds) {
          account { id }
          margins {
            id
            equity {
              id enabled net asOf
              available { id cash liveBalance collateral intradayPayin }
              utilised { id debits }
            }
            commodity {
              id enabled net asOf
              available { id cash liveBalance collateral intradayPayin }
              utilised { id debits }
            }
          }
        }
      }
    `),
  ],
] as const;

type DataOf<Document> = Document extends { readonly __apiType?: (variables: never) => infer Data }
  ? Data
  : never;
type Fits<Generated, Declared> = Generated extends Declared ? true : never;

/** The types that the client declares for its own documents take what the schema answers. */
export const declared: [
  Fits<OwnSessionsQuery, DataOf<typeof sessionsDocument>>,
  Fits<OwnSessionsChangedSubscription, DataOf<typeof sessionsChangedDocument>>,
  Fits<OwnAccountsQuery, DataOf<typeof accountsDocument>>,
  Fits<OwnLiveMarginsSubscription, DataOf<typeof liveMarginsDocument>>,
] = [true, true, true, true];

/** And its variables are those of the document. */
export const variables: OwnLiveMarginsSubscriptionVariables = {
  accountIds: ['a'],
  everySeconds: 1,
};

test('the documents whose types are checked here are those that the client sends', () => {
  for (const [own, checked] of ownDocuments) {
    const [, sent] = [own, print(parse(own.query))];
    expect(print(parse(`${checked}`)).replace(/ Own/, ' ')).toBe(sent);
  }
});
