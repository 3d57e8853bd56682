// A logout of a thousand accounts in one keyring on Redis: each is ended at Kite, and no failure is told that was none.
import { expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { graphql } from '../generated/gql.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const count = 1_000;
const logout = graphql(`
  mutation LogoutOfThousand { logout { loggedOut failures { accountId error { code message } } } }
`);
const states = graphql(`query StatesOfThousand { sessions { state } }`);

describeWithRedis((redis) => {
  test(`ends all of ${count}`, { timeout: 180_000 }, async () => {
    const now = () => startOfTime;
    const key = generateKey();
    const keyringStore = await openKeyringStore(redis.url, now);
    const world = await startWorld(
      { keyringStore, keyringKeys: [key], now, operationTimeoutMilliseconds: 120_000 },
      { accounts: count },
    );
    const keyrings = createKeyrings({
      store: keyringStore,
      encrypter: createEncrypter([key]),
      now,
    });
    let cookie: Secret | null = null;
    for (let number = 1; number <= count; number += 1) {
      const userId = `SIM${String(number).padStart(4, '0')}`;
      const session = {
        accessToken: new Secret(`${userId}-token`),
        publicToken: null,
        refreshToken: null,
        loginTime: startOfTime,
        userId,
        baseUrl: null,
        profile: null,
        keptProfile: null,
        authenticationMethods: [],
      };
      const login = { broker: 'KITE', apiKey: 'simulator', session } as const;
      ({ cookie } = await keyrings.add(cookie, login, null));
    }
    await keyrings.settled();

    const visitor = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
    visitor.cookies.set('kite_graphql', cookie?.reveal() ?? '');
    const { data, errors } = await visitor.ask(logout);
    expect(errors).toEqual([]);
    expect(data?.logout?.failures).toEqual([]);
    expect(data?.logout?.loggedOut).toHaveLength(count);
    const ends = await world.calls();
    expect(ends.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array(count).fill('DELETE 200'),
    );
    expect(new Set(ends.map(({ userId }) => userId)).size).toBe(count);

    const after = await visitor.ask(states);
    const left = after.data?.sessions?.map(({ state }) => state) ?? [];
    expect(left.filter((state) => state !== 'REVOKED')).toEqual([]);
  });
});
