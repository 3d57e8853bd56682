// A renewal that a gateway stores while the operator's command revokes the session: the command takes it along.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { readStoreSettings } from '../../src/config/store-settings.ts';
import { parseKeyringKeys } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type OpenSessions, openSessions } from '../../src/operator/open-sessions.ts';
import type { Output } from '../../src/operator/output.ts';
import { revokeSessions, revokeUser } from '../../src/operator/session-revocation.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

const folder = await mkdtemp(join(tmpdir(), 'renewed-'));
afterAll(() => rm(folder, { recursive: true }));
const KEYRING_STORE = `sqlite:${join(folder, 'keyring.sqlite')}`;
const KEYRING_KEYS = randomBytes(32).toString('base64');
const { config } = readStoreSettings({ KEYRING_STORE, KEYRING_KEYS });
const now = () => new Date();
const world = await startWorld(
  {
    now,
    keyringStore: await openKeyringStore(KEYRING_STORE, now),
    keyringKeys: parseKeyringKeys(KEYRING_KEYS),
    // The command's marks are what ends a session here: no gateway goes on with them meanwhile.
    limits: { revocationSweepSeconds: 3_600 },
  },
  { now: now() },
);
const origin = new URL(world.url).origin;

async function browser(userId: string) {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  await visitor.logIn(`${origin}/login?app=simulator-platform`, userId);
  type Listed = { sessions: { id: string; state: string; account: { id: string } }[] };
  const list = async () => {
    const { data } = await visitor.askRaw<Listed>('{ sessions { id state account { id } } }');
    return data?.sessions ?? [];
  };
  const [session] = await list();
  const mutation = 'mutation ($id: ID!) { renewSession(input: { accountId: $id }) { __typename } }';
  const renew = async () => {
    const { data } = await visitor.askRaw(mutation, { id: session?.account.id });
    expect(data).toEqual({ renewSession: { __typename: 'Session' } });
  };
  const states = async () => (await list()).map(({ state }) => state);
  return { id: session?.id ?? '', renew, states };
}

/** The sessions of the store; before the command adds a session to the list of revocations, something happens. */
async function opened(meanwhile: () => Promise<void>): Promise<OpenSessions> {
  const sessions = await openSessions(config);
  onTestFinished(async () => void (await sessions.close()));
  const { revocations } = sessions;
  const add: typeof revocations.add = async (...revocation) => {
    await meanwhile();
    return revocations.add(...revocation);
  };
  return { ...sessions, revocations: { ...revocations, add } };
}

function results() {
  const lines: object[] = [];
  const output: Output = {
    isClosed: false,
    result: async (line) => void lines.push(line),
    note: () => undefined,
  };
  return { lines, output };
}

test.each([
  ['revoke', 'SIM0001'],
  ['revoke-user', 'SIM0002'],
])(
  '%s ends a session that is renewed before it is marked, under the id that it had',
  async (command, userId) => {
    const laptop = await browser(userId);
    let renewals = 0;
    const sessions = await opened(async () => {
      renewals += 1;
      if (renewals === 1) await laptop.renew();
    });
    const { lines, output } = results();
    if (command === 'revoke')
      expect(await revokeSessions(sessions, output, [laptop.id])).toBe(true);
    else expect(await revokeUser(sessions, output, userId, ['KITE'])).toBe(true);
    expect(lines[0]).toEqual({ sessionId: laptop.id, outcome: 'revoked' });
    expect(await laptop.states()).not.toContain('ACTIVE');
  },
);

test('a session that is renewed before each mark is not said to be revoked', async () => {
  const laptop = await browser('SIM0003');
  const sessions = await opened(laptop.renew);
  const { lines, output } = results();
  const limits = { ...sessions.limits, storeTries: 2 };
  const revoking = revokeSessions({ ...sessions, limits }, output, [laptop.id]);
  await expect(revoking).rejects.toMatchObject({ name: 'KeyringStoreError' });
  expect(lines).toEqual([]);
  expect(await laptop.states()).toEqual(['ACTIVE']);
});
