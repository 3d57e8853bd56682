// Live margins with the unmodified graphql-sse client, over a real socket: events, an end, a gateway that goes away.
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-sse';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';
import { apps, startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const query =
  'subscription { marginsChanged(everySeconds: 1) { account { id } margins { equity { net } } } }';

/** A gateway of one's own on a port, which can be told to stop. */
async function serve(port: number) {
  const stopping = new AbortController();
  const gateway = createGateway({
    apps,
    kiteBaseUrl: world.simulator.url,
    kiteRateLimit: 0,
    // The simulator revives a token that Kite refused, which Kite never does.
    limits: { refusedCredentialSeconds: 0 },
    stopping: stopping.signal,
  });
  const server = await listen(gateway, '127.0.0.1', port);
  const stop = async () => {
    stopping.abort();
    await server.close(5_000);
    await gateway.dispose();
  };
  return { port: server.port, stop };
}

test('the reader in the documentation gets changes, ends with the stream, and fails where that breaks off', async () => {
  await world.reset();
  const text = readFileSync(new URL('../../docs/live-margins.md', import.meta.url), 'utf8');
  const code = /^```js\n(async function\* follow[\s\S]*?)^```$/m.exec(text)?.[1] ?? '';
  const { follow } = await import(`data:text/javascript,${encodeURIComponent(`export ${code}`)}`);
  const gateway = await serve(0);
  const following = (): AsyncGenerator<Event> =>
    follow(
      `http://127.0.0.1:${gateway.port}/graphql`,
      { query },
      { authorization: tokens('SIM0001') },
    );
  const events = following();
  expect(netOf(await events.next())).toBe(99725.05000000002);
  await world.payIn('SIM0001', 'equity', 1);
  expect(netOf(await events.next())).toBe(99726.05);
  await world.advance(86_400);
  expect((await events.next()).value?.errors?.[0]?.extensions.code).toBe('SESSION_EXPIRED');
  expect(netOf(await events.next())).toBe('over');

  await world.reset();
  const broken = following();
  expect(netOf(await broken.next())).toBe(99725.05000000002);
  await gateway.stop();
  await expect(broken.next()).rejects.toThrow();
});

interface Event {
  readonly data?: { marginsChanged: { margins: { equity: { net: number } | null } } } | null;
  readonly errors?: readonly { extensions: { code?: unknown } }[];
}

const netOf = (result: IteratorResult<Event>) =>
  result.done ? 'over' : result.value.data?.marginsChanged.margins.equity?.net;

test('it receives changes, reconnects after a restart of the gateway, and receives the end', async () => {
  const first = await serve(0);
  const restarted = Promise.withResolvers<void>();
  let connections = 0;
  const client = createClient({
    url: `http://127.0.0.1:${first.port}/graphql`,
    headers: { authorization: tokens('SIM0001') },
    // In place of its random pauses.
    retry: () => restarted.promise,
    on: {
      connecting: () => {
        connections += 1;
      },
    },
  });
  onTestFinished(() => client.dispose());
  const events = client.iterate({ query }) as AsyncIterableIterator<Event>;
  expect(netOf(await events.next())).toBe(99725.05000000002);
  await world.payIn('SIM0001', 'equity', 1);
  expect(netOf(await events.next())).toBe(99726.05);

  await first.stop();
  await world.payIn('SIM0001', 'equity', 1);
  const second = await serve(first.port);
  onTestFinished(second.stop);
  restarted.resolve();
  expect(netOf(await events.next())).toBe(99727.05);
  expect(connections).toBe(2);

  await world.advance(86_400);
  const { value } = await events.next();
  expect(value?.data).toMatchObject({ marginsChanged: { margins: { equity: null } } });
  expect(value?.errors?.[0]?.extensions.code).toBe('SESSION_EXPIRED');
  expect(netOf(await events.next())).toBe('over');
});
