// Clients' caches: two parts of a page that select different fields of one object merge, and ask no more than once each.
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  Network,
  RecordSource,
  Store,
} from 'relay-runtime';
import { describe, expect, test } from 'vitest';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const authorization = tokens('SIM0001', 'SIM0002');

/** Pairs of queries that select different fields of the same objects. */
const pairs: readonly (readonly [name: string, one: string, other: string])[] = [
  [
    'segments of the margins of accounts',
    '{ accounts { id margins { id equity { id net asOf } } } }',
    '{ accounts { id margins { id commodity { id net asOf } } } }',
  ],
  [
    'amounts of one segment',
    '{ accounts { id margins { id equity { id asOf available { id cash } } } } }',
    '{ accounts { id margins { id equity { id asOf available { id collateral } } } } }',
  ],
  [
    'combined sums',
    '{ combinedMargins { id total { id net asOf utilised { id span } } } }',
    '{ combinedMargins { id equity { id net asOf utilised { id debits } } } }',
  ],
  [
    'fields of users',
    '{ accounts { id user { id email } } }',
    '{ accounts { id user { id userName } } }',
  ],
  ['fields of apps', '{ apps { id name } }', '{ apps { id apiKey } }'],
];

/** A fetch that counts its calls, and the end of all that are in flight. */
function countingFetch() {
  const state = { calls: 0, open: 0 };
  const counted: typeof fetch = async (input, init) => {
    state.calls += 1;
    state.open += 1;
    try {
      const response = await fetch(input, init);
      return new Response(await response.text(), response);
    } finally {
      state.open -= 1;
    }
  };
  return { state, fetch: counted };
}

/** Waits until a page has nothing more to ask: it has got everything, and its turns of the event loop are over. */
async function settled(state: { readonly open: number; readonly calls: number }): Promise<void> {
  for (let quiet = 0, calls = -1; quiet < 50; quiet += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (state.open > 0 || state.calls !== calls) quiet = 0;
    calls = state.calls;
    if (calls > 20) return;
  }
}

describe.each(pairs)('%s', (_name, one, other) => {
  test('settle after one call each in Apollo Client', async () => {
    const { state, fetch } = countingFetch();
    const link = new HttpLink({ uri: world.url, fetch, headers: { authorization } });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const subscriptions = [one, other].map((query) =>
      client.watchQuery({ query: gql(query) }).subscribe(() => {}),
    );
    await settled(state);
    for (const subscription of subscriptions) subscription.unsubscribe();
    client.stop();
    expect(state.calls).toBe(2);
  });

  test('settle after one call each in Graphcache', async () => {
    const { state, fetch } = countingFetch();
    const client = new Client({
      url: world.url,
      fetch,
      preferGetMethod: false,
      fetchOptions: { headers: { authorization } },
      exchanges: [cacheExchange({}), fetchExchange],
    });
    const subscriptions = [one, other].map((query) =>
      client.query(query, {}, { requestPolicy: 'cache-first' }).subscribe(() => {}),
    );
    await settled(state);
    for (const { unsubscribe } of subscriptions) unsubscribe();
    expect(state.calls).toBe(2);
  });
});

/** What Relay's compiler writes for `query Refetch($id: ID!) { node(id: $id) { __typename id ... on Account { apiKey } } }`. */
function refetchRequest(): ConcreteRequest {
  const scalar = (name: string) => ({
    alias: null,
    args: null,
    kind: 'ScalarField' as const,
    name,
    storageKey: null,
  });
  const id = { defaultValue: null, kind: 'LocalArgument' as const, name: 'id' };
  const node = {
    alias: null,
    args: [{ kind: 'Variable' as const, name: 'id', variableName: 'id' }],
    concreteType: null,
    kind: 'LinkedField' as const,
    name: 'node',
    plural: false,
    storageKey: null,
    selections: [
      scalar('__typename'),
      scalar('id'),
      {
        kind: 'InlineFragment' as const,
        selections: [scalar('apiKey')],
        type: 'Account',
        abstractKey: null,
      },
    ],
  };
  return {
    kind: 'Request',
    fragment: {
      argumentDefinitions: [id],
      kind: 'Fragment',
      metadata: null,
      name: 'Refetch',
      selections: [node],
      type: 'Query',
      abstractKey: null,
    },
    operation: {
      argumentDefinitions: [id],
      kind: 'Operation',
      name: 'Refetch',
      selections: [node],
    },
    params: {
      id: null,
      cacheID: 'refetch',
      metadata: {},
      name: 'Refetch',
      operationKind: 'query',
      text: 'query Refetch($id: ID!) { node(id: $id) { __typename id ... on Account { apiKey } } }',
    },
  };
}

test('Relay refetches an account by node, into the record that it has', async () => {
  const { data } = await world.askRaw('{ accounts { id } }', { authorization });
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      const answer = await world.askRaw(text ?? '', { authorization, variables });
      return { data: answer.data };
    }),
  });
  const variables = { id: data.accounts[0].id };
  const request = refetchRequest();
  const operation = createOperationDescriptor(request, variables);
  environment.retain(operation);
  await fetchQuery(environment, request, variables).toPromise();
  const snapshot = environment.lookup(operation.fragment);
  expect(snapshot.data).toEqual({
    node: { __typename: 'Account', id: variables.id, apiKey: 'simulator' },
  });
});
