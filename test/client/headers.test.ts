// Headers and variables that a program makes: what fails on the way is a result, what the program does wrong is thrown.
import { expect, test } from 'vitest';
import { createClient, type Disconnection } from '../../src/client/client.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const authorization = tokens('SIM0001');
const unreachable = new TypeError('The token endpoint cannot be reached');
const subscription = 'subscription { marginsChanged { account { id } } }';

test('headers that cannot be made are NETWORK_FAILED for a query, with the cause', async () => {
  const client = createClient({ url: world.url, headers: () => Promise.reject(unreachable) });
  expect(await client.query('{ apps { apiKey } }')).toMatchObject({
    data: null,
    error: { code: 'NETWORK_FAILED', retryable: true, httpStatus: null, cause: unreachable },
  });
  const throwing = createClient({
    url: world.url,
    headers: () => {
      throw unreachable;
    },
  });
  const { error } = await throwing.mutate('mutation { logout { loggedOut } }');
  expect(error).toMatchObject({ code: 'NETWORK_FAILED', cause: unreachable });
  const seen = [];
  for await (const part of throwing.parts('{ apps { apiKey } }')) seen.push(part);
  expect(seen).toMatchObject([{ error: { code: 'NETWORK_FAILED' }, hasNext: false }]);
});

test('a subscription whose headers cannot be made is opened again', async () => {
  let attempts = 0;
  const losses: Disconnection[] = [];
  const client = createClient({
    url: world.url,
    headers: async () => {
      attempts += 1;
      if (attempts === 1) throw unreachable;
      return { authorization };
    },
  });
  const onDisconnect = (loss: Disconnection) => losses.push(loss);
  for await (const event of client.subscribe(subscription, {}, { onDisconnect })) {
    expect(event.ok).toBe(true);
    break;
  }
  expect(losses).toMatchObject([{ error: { code: 'NETWORK_FAILED', cause: unreachable } }]);
});

test('headers that do not arrive are TIMED_OUT, and ABORTED where the signal is aborted', async () => {
  const headers = () => new Promise<never>(() => {});
  const late = createClient({ url: world.url, headers, timeoutMilliseconds: 50 });
  expect((await late.query('{ apps { apiKey } }')).error?.code).toBe('TIMED_OUT');
  const leaving = new AbortController();
  const { signal } = leaving;
  const query = createClient({ url: world.url, headers }).query(
    '{ apps { apiKey } }',
    {},
    { signal },
  );
  leaving.abort();
  expect((await query).error?.code).toBe('ABORTED');
});

test('a variable that JSON does not have is thrown as the TypeError that it is, and never sent again', async () => {
  let sent = 0;
  const client = createClient({
    url: world.url,
    headers: { authorization },
    fetch: (...request) => {
      sent += 1;
      return fetch(...request);
    },
  });
  const text = 'query ($id: ID!) { account(id: $id) { id } }';
  await expect(client.query(text, { id: 1n })).rejects.toThrow(TypeError);
  await expect(client.parts(text, { id: 1n }).next()).rejects.toThrow(TypeError);
  const leaving = new AbortController();
  const events = client.subscribe(
    'subscription ($ids: [ID!]) { marginsChanged(accountIds: $ids) { account { id } } }',
    { ids: [1n] },
    { signal: leaving.signal, onDisconnect: () => leaving.abort() },
  );
  await expect(events.next()).rejects.toThrow(TypeError);
  expect(sent).toBe(0);
});
