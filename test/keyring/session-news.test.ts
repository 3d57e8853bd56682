// News of sessions for a reader that is slow: the latest of each session, and nothing queued.
import { expect, test } from 'vitest';
import { machineClock } from '../../src/brokers/upstream/clock.ts';
import { createSessionNews } from '../../src/keyring/news/session-news.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { createClock, day, keyringsOver, kiteSession, laptop, login } from './fixtures.ts';

test('a slow reader gets the latest state of each session, and not the states in between', async () => {
  const { now } = createClock();
  const { keyrings } = keyringsOver(createMemoryStore(now), now);
  const news = createSessionNews({
    keyrings,
    clock: machineClock,
    now,
    expiryOf: ({ issuedAt }) => new Date(issuedAt.getTime() + day),
    limits: withDefaultLimits(),
  });
  const { cookie, record, keyringId } = await keyrings.add(null, login('AB1234'), laptop);
  const leaving = new AbortController();
  const stream = news.follow({ id: keyringId, sessions: [record] }, leaving.signal);
  expect((await stream.next()).value).toMatchObject({
    reason: 'PRESENT',
    record: { sessionId: record.sessionId },
  });

  let renewed = record;
  for (let count = 0; count < 50; count += 1) {
    const session = kiteSession('AB1234', `token ${count}`);
    renewed = (await keyrings.renew(keyringId, renewed, session)).record ?? renewed;
  }
  const other = await keyrings.add(cookie, login('CD5678'), laptop);
  await keyrings.markRevoked(keyringId, other.record);
  await new Promise((resolve) => setImmediate(resolve));

  const changes = [(await stream.next()).value, (await stream.next()).value];
  expect(
    changes.map(({ reason, record: told }) => `${reason} ${told.userId} ${told.state}`).sort(),
  ).toEqual(['ENDED CD5678 REVOKED', 'RENEWED AB1234 ACTIVE']);
  expect(changes.map(({ record: told }) => told.sessionId)).toContain(renewed.sessionId);
  const waiting = stream.next();
  leaving.abort();
  expect(await waiting).toMatchObject({ done: true });
});
