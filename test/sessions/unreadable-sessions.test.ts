// Sessions that no key opens, while the gateway runs: a line an hour that counts them, and metrics.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { createMetrics } from '../../src/metrics/prometheus.ts';
import { readableLog } from '../support/readable-log.ts';
import { readMetrics } from '../support/values/metric-values.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const hour = 3_600;
const clock = new TestClock();
const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
const store = createMemoryStore(now, clock.milliseconds);
const metrics = createMetrics({ registry: new Registry() });
const { lines, logger } = readableLog();
const world = await startWorld({
  clock,
  now,
  keyringStore: store,
  metrics,
  logger,
  // Each request of a browser reads its rows.
  limits: { cachedKeyrings: 0 },
});
const { origin } = new URL(world.url);

/** A browser with so many sessions, none of which any key opens from now on. */
async function damaged(userIds: readonly string[]): Promise<Visitor> {
  const before = new Set((await store.listing?.keyrings(null, 100))?.items);
  const visitor = new Visitor(origin, 'http://localhost:4000');
  for (const userId of userIds) await visitor.logIn(`${origin}/login?app=simulator`, userId);
  const after = (await store.listing?.keyrings(null, 100))?.items ?? [];
  const [id = ''] = after.filter((one) => !before.has(one));
  const rows = (await store.openKeyring(id))?.records ?? [];
  const writes = rows.map(({ key, encrypted, version }) => {
    // The last characters are those of the tag.
    const changed = `${encrypted.slice(0, -6)}${encrypted.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`;
    return { key, encrypted: changed, expiresAt: null, expectedVersion: version };
  });
  expect(await store.writeRecords(id, writes, 100)).toEqual(userIds.map(() => 'written'));
  return visitor;
}

const told = () => lines.filter(({ msg }) => msg.startsWith('Keyring'));

test('the first is told at once, and the next line after an hour counts those between', async () => {
  const [one, two] = [await damaged(['SIM0001', 'SIM0002']), await damaged(['SIM0003'])];
  const ask = (visitor: Visitor) => visitor.askRaw('{ sessions { id } }');
  for (const visitor of [one, two, one]) {
    expect(await ask(visitor)).toMatchObject({ data: { sessions: [] }, errors: [] });
  }
  expect(told()).toMatchObject([{ level: 40, reason: 'tampered', count: 2 }]);
  expect(told()[0]?.msg).toContain('KEYRING_KEYS');
  clock.advance(hour - 1);
  await ask(two);
  expect(told()).toHaveLength(1);
  clock.advance(1);
  await ask(two);
  expect(told().slice(1)).toMatchObject([{ reason: 'tampered', count: 5, repeated: 3 }]);
});

test('metrics count what requests met, and what the whole store has', async () => {
  const read = await readMetrics(metrics);
  expect(read('unreadable_records_total')).toEqual({ 'reason=tampered': 7 });
  clock.advance(60);
  await expect
    .poll(async () => (await readMetrics(metrics))('sessions_unreadable'))
    .toEqual({ '': 3 });
});

test('a logout at a replica that cannot read another session leaves that session where it can be read', async () => {
  const keys = [generateKey(), generateKey()] as const;
  const kept = createMemoryStore(now, clock.milliseconds);
  const shared = { clock, now, keyringStore: kept, limits: { cachedKeyrings: 0 } };
  const old = await startWorld({ ...shared, keyringKeys: [keys[1]] });
  const kiteBaseUrl = old.simulator.url;
  const rotated = await startWorld({ ...shared, keyringKeys: keys, kiteBaseUrl });
  const [before, after] = [old, rotated].map(({ url }) => new URL(url).origin);
  const page = 'http://localhost:4000';
  const visitor = new Visitor(`${before}`, page);
  await visitor.logIn(`${before}/login?app=simulator`, 'SIM0001');
  const there = new Visitor(`${after}`, page);
  const states = '{ sessions { state account { user { userId } } } }';
  const stateAfter = async () => {
    for (const [name, value] of visitor.cookies) there.cookies.set(name, value);
    return (await there.askRaw<{ sessions: unknown }>(states)).data?.sessions;
  };
  // Its use is written down after a minute, under the new key.
  clock.advance(120);
  expect(await stateAfter()).toMatchObject([{ state: 'ACTIVE' }]);
  await expect
    .poll(async () => (await visitor.askRaw('{ sessions { id } }')).data)
    .toEqual({ sessions: [] });

  await visitor.logIn(`${before}/login?app=simulator`, 'SIM0002');
  const { data } = await visitor.askRaw('mutation { logout { loggedOut failures { accountId } } }');
  expect(data).toEqual({ logout: { loggedOut: [expect.any(String)], failures: [] } });
  expect(await stateAfter()).toEqual([
    { state: 'REVOKED', account: { user: { userId: 'SIM0002' } } },
    { state: 'ACTIVE', account: { user: { userId: 'SIM0001' } } },
  ]);
});
