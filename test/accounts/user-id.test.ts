// The id of a User: made of the broker and the user id, under the keys of the gateway.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startWorld, tokens } from '../support/world.ts';

describe('the id of a User', async () => {
  const [one, other] = [randomBytes(32), randomBytes(32)];
  const idUnder = async (keyringKeys?: readonly Uint8Array[]) => {
    const { gateway } = await startWorld(keyringKeys && { keyringKeys });
    const { data } = await (
      await gateway.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: tokens('SIM0001') },
        body: JSON.stringify({ query: '{ account { user { id } } }' }),
      })
    ).json();
    return data.account.user.id;
  };
  const ids = {
    one: await idUnder([one]),
    same: await idUnder([one, other]),
    other: await idUnder([other, one]),
    without: await idUnder(),
    withoutToo: await idUnder(),
  };

  test('is the same under the same first key of KEYRING_KEYS, and another under another', () => {
    expect(ids.same).toBe(ids.one);
    expect(new Set([ids.one, ids.other, ids.without]).size).toBe(3);
  });

  test('is the same in every gateway without keys', () => expect(ids.withoutToo).toBe(ids.without));
});
