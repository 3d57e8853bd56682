// Ids that stand for what they must not show, a user's and a device's: made under the keys of the gateway.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const [one, other] = [randomBytes(32), randomBytes(32)];

async function idsUnder(keyringKeys?: readonly Uint8Array[]) {
  const world = await startWorld(keyringKeys && { keyringKeys });
  const { data } = await world.askRaw('{ account { user { id } } }', {
    authorization: tokens('SIM0001'),
  });
  const visitor = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
  await visitor.logIn(new URL('/login?app=simulator', world.url).href, 'SIM0001');
  const { data: kept } = await visitor.askRaw<{
    sessions: readonly { id: string; devices: readonly { id: string }[] }[];
  }>('{ sessions { id devices { id } } }');
  const session = kept?.sessions[0];
  const parts = session?.devices.map(({ id }) => Buffer.from(id, 'base64url').toString());
  const prefix = `SessionDevice:${session?.id}:`;
  // Every session has another id: what is left is made of the device alone, which is the same in all gateways.
  const devices = parts?.map((text) => {
    expect(text.startsWith(prefix)).toBe(true);
    return text.slice(prefix.length);
  });
  return { user: data?.account.user.id, device: devices };
}

const ids = {
  one: await idsUnder([one]),
  same: await idsUnder([one, other]),
  other: await idsUnder([other, one]),
  without: await idsUnder(),
  withoutToo: await idsUnder(),
};

describe.each(['user', 'device'] as const)('the id of a %s', (kind) => {
  test('is the same under the same first key of KEYRING_KEYS, and another under another', () => {
    expect(ids.one[kind]?.length).toBeGreaterThan(0);
    expect(ids.same[kind]).toEqual(ids.one[kind]);
    expect(ids.other[kind]).not.toEqual(ids.one[kind]);
    expect(ids.without[kind]).not.toEqual(ids.one[kind]);
    expect(ids.without[kind]).not.toEqual(ids.other[kind]);
  });

  test('is the same in every gateway without keys', () =>
    expect(ids.withoutToo[kind]).toEqual(ids.without[kind]));
});
