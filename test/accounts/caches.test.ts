// Clients' caches: two parts of a page that select different fields of one object merge, and ask no more than once each.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { describe, expect, test } from 'vitest';
import { run } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const visitor = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
for (const userId of ['SIM0001', 'SIM0002']) {
  await visitor.logIn(new URL('/login?app=simulator', world.url).href, userId);
}
const callers: Readonly<Record<string, Record<string, string>>> = {
  'header credentials': { authorization: tokens('SIM0001', 'SIM0002') },
  'a keyring': visitor.headers(),
};

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
    'amounts of one sum',
    '{ combinedMargins { id total { id net asOf available { id cash } } } }',
    '{ combinedMargins { id total { id enabled available { id collateral } } } }',
  ],
  [
    'a sum over no account and one over all',
    '{ combinedMargins(accountIds: []) { id accounts { id } } }',
    '{ combinedMargins { id accounts { id margins { id equity { id net } } } } }',
  ],
  [
    'fields of users',
    '{ accounts { id user { id email } } }',
    '{ accounts { id user { id userName } } }',
  ],
  ['fields of apps', '{ apps { id name } }', '{ apps { id apiKey } }'],
  [
    'sessions and their accounts',
    '{ sessions { id state account { id apiKey } } }',
    '{ accounts { id session { id issuedAt lastSeenAt } } }',
  ],
  [
    'devices of sessions',
    '{ sessions { id devices { id ipAddress firstSeenAt } } }',
    '{ sessions { id devices { id userAgent lastSeenAt } } }',
  ],
];
const cases = Object.keys(callers).flatMap((caller) =>
  pairs.map((pair) => [...pair, caller] as const),
);

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

describe.each(cases)('%s', (_name, one, other, caller) => {
  const headers = callers[caller] ?? {};

  test(`settle after one call each in Apollo Client, with ${caller}`, async () => {
    const { state, fetch } = countingFetch();
    const link = new HttpLink({ uri: world.url, fetch, headers });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const shown: (boolean | undefined)[] = [];
    const subscriptions = [one, other].map((query, index) =>
      client.watchQuery({ query: gql(query) }).subscribe(({ dataState }) => {
        shown[index] = dataState === 'complete';
      }),
    );
    await settled(state);
    for (const subscription of subscriptions) subscription.unsubscribe();
    client.stop();
    expect([state.calls, shown]).toEqual([2, [true, true]]);
  });

  test(`settle after one call each in Graphcache, with ${caller}`, async () => {
    const { state, fetch } = countingFetch();
    const client = new Client({
      url: world.url,
      fetch,
      preferGetMethod: false,
      fetchOptions: { headers },
      exchanges: [cacheExchange({}), fetchExchange],
    });
    const shown: boolean[] = [];
    const subscriptions = [one, other].map((query, index) =>
      client.query(query, {}, { requestPolicy: 'cache-first' }).subscribe(({ data, error }) => {
        shown[index] = data !== undefined && error === undefined;
      }),
    );
    await settled(state);
    for (const { unsubscribe } of subscriptions) unsubscribe();
    expect([state.calls, shown]).toEqual([2, [true, true]]);
  });
});

test('the policies of docs/client-caches.md settle Apollo Client where queries select no id', async () => {
  const page = readFileSync(new URL('../../docs/client-caches.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## Apollo Client\n');
  const example = /^```js\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '';
  const code = example.replaceAll('http://localhost:4000/graphql', world.url);
  expect(code).toContain(world.url);
  await world.calls();
  const program = [process.execPath, '--input-type=module', '--eval', code];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { code: exit, stdout, stderr } = await run({ program, cwd }).ended;
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^equity -?\d/m);
  expect(stdout).toMatch(/^commodity -?\d/m);
  const paths = (await world.calls()).map(({ path }) => path).sort();
  expect(paths).toEqual(['/user/margins/commodity', '/user/margins/equity']);
});
