// What keyring tests have in common: a clock that is set, logins that are made up, keyrings over a store.
import { expect } from 'vitest';
import type { BrokerSession } from '../../src/brokers/answers.ts';
import { machineClock } from '../../src/brokers/upstream/clock.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter, type Encrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import type { Added, Keyring, Keyrings } from '../../src/keyring/keyring.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import type { Login } from '../../src/keyring/login.ts';
import type { KeyringReport } from '../../src/keyring/report.ts';
import type { SessionRecord } from '../../src/keyring/session-record.ts';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import type { BrokerUser, PlacedSession } from '../../src/keyring/user-sessions.ts';
import type { Place } from './stores/stores.ts';

/** Spans in milliseconds. */
export const second = 1_000;
export const minute = 60 * second;
export const day = 24 * 60 * minute;

/** The app of every login. */
export const apiKey = 'testapikey0123456';
/** A device. */
export const laptop = { ipAddress: '192.0.2.7', userAgent: 'Firefox' };
/** The encrypter of every suite that needs no second one. */
export const oneKey = createEncrypter([generateKey()]);

/** A clock that stands still until it is moved: forward as time passes, or by a jump that no other clock shares. */
export function createClock() {
  let time = Date.now();
  let elapsed = 0;
  return {
    now: () => new Date(time),
    monotonic: () => elapsed,
    advance: (milliseconds: number) => {
      time += milliseconds;
      elapsed += milliseconds;
    },
    jump: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

/** What a login at a broker's own page proves. */
export const brokerLogin = {
  method: 'BROKER_LOGIN',
  assuranceLevel: null,
  completedAt: new Date('2026-01-05T03:45:00Z'),
  provider: 'KITE',
} as const;

/** What Kite might answer. */
export function kiteSession(userId: string | null, token = `token-of-${userId}`): BrokerSession {
  return {
    accessToken: new Secret(token),
    publicToken: new Secret(`public-${token}`),
    refreshToken: null,
    loginTime: new Date('2026-01-05T03:45:00Z'),
    userId,
    baseUrl: null,
    profile: null,
    keptProfile: null,
    authenticationMethods: [brokerLogin],
  };
}

/** A confirmed login of a user. */
export function login(userId: string | null, token?: string): Login {
  return { broker: 'KITE', apiKey, session: kiteSession(userId, token) };
}

/**
 * Keyrings over a store, with what they report.
 * @param milliseconds a clock that only runs forward. Default: the machine's.
 */
export function keyringsOver(
  store: KeyringStore,
  now: () => Date,
  encrypter: Encrypter = oneKey,
  milliseconds: () => number = machineClock.milliseconds,
) {
  const reports: KeyringReport[] = [];
  const report = (event: KeyringReport) => void reports.push(event);
  const clock = { ...machineClock, milliseconds };
  return { keyrings: createKeyrings({ store, encrypter, now, clock, report }), reports };
}

/** Keyrings in a place, with clocks that only the test moves. */
export async function setUp(place: Place) {
  const clock = createClock();
  const store = await place.open(clock.now, clock.monotonic);
  return { clock, store, ...keyringsOver(store, clock.now, oneKey, clock.monotonic) };
}

/** Opens a keyring that must be there, and waits until its use is written down. */
export async function opened(
  keyrings: Keyrings,
  { cookie }: Pick<Added, 'cookie'>,
): Promise<Keyring> {
  const keyring = await keyrings.open(cookie, laptop);
  await keyrings.settled();
  if (keyring === null) expect.fail('The cookie leads nowhere');
  return keyring;
}

/** The sessions of a broker's user in whichever keyrings, by the index of users. */
export async function sessionsOf(
  keyrings: Keyrings,
  user: BrokerUser,
): Promise<readonly PlacedSession[]> {
  return (await keyrings.sessionsElsewhere([user], null, 1_000)).sessions;
}

/** The sessions of a keyring that are not over. */
export function unended({ sessions }: Keyring): readonly SessionRecord[] {
  return sessions.filter(({ state }) => state !== 'REVOKED');
}

/** The one item of a list that must have one. */
export function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined || items.length > 1) expect.fail(`${items.length} items, not one`);
  return item;
}
