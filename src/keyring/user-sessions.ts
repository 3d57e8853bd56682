// The sessions of a broker's user in whichever keyrings, by the index of the store. It is written before the session is:
// after a crash it may name a row that never came, and it is believed only where the row is there and is the user's.
import type { BrokerName } from '../brokers/broker-name.ts';
import type { Limits } from '../limits.ts';
import { type EncryptedRecords, rowCapacity } from './crypto/encrypted-records.ts';
import type { Encrypter } from './crypto/encrypter.ts';
import { day } from './policy.ts';
import type { SessionRecord } from './session-record.ts';
import type { KeyringStore } from './stores/store.ts';
import type { IndexedPlace, RecordPlace } from './stores/user-index.ts';

/** A user of a broker. */
export interface BrokerUser {
  readonly broker: BrokerName;
  /** The broker's id of the user. */
  readonly userId: string;
}

/** A session, and the keyring that it is in. */
export interface PlacedSession {
  readonly keyringId: string;
  readonly record: SessionRecord;
}

/** The index of users. Methods throw KeyringStoreError where the store is down. */
export interface UserSessions {
  /** The name under which the index has a user's sessions now; null for a user whom the broker did not name. */
  nameOf(record: Pick<SessionRecord, 'broker' | 'userId'>): string | null;
  /** Notes records of a keyring, before they are written. @param endsAt when the keyring ends at the latest. */
  note(keyringId: string, records: readonly SessionRecord[], endsAt: Date): Promise<void>;
  /** Forgets records of a keyring, after they were deleted. */
  forget(keyringId: string, records: readonly SessionRecord[]): Promise<void>;
  /** The sessions of a user, ended ones included, at most `LIMIT_USER_SESSIONS`. */
  find(user: BrokerUser): Promise<readonly PlacedSession[]>;
  /**
   * The sessions of users in other keyrings than the one named, ended ones included: the index is read by one call,
   * however many users there are.
   * @param count the most sessions that are read; those that expire last.
   */
  findElsewhere(
    users: readonly BrokerUser[],
    keyringId: string | null,
    count: number,
  ): Promise<FoundElsewhere>;
}

/** Sessions in other keyrings. */
export interface FoundElsewhere {
  readonly sessions: readonly PlacedSession[];
  /** Whether there are more than were read. */
  readonly isCut: boolean;
}

/**
 * The index of users of `store`, with names under the keys of `encrypter`.
 * @param mayPurge whether the time of day can be trusted, so that a keyring that has expired by it is gone for good.
 */
export function createUserSessions(
  store: KeyringStore,
  encrypter: Encrypter,
  records: EncryptedRecords,
  limits: Limits,
  mayPurge: () => boolean,
): UserSessions {
  function namesOf({ broker, userId }: BrokerUser) {
    return encrypter.names('user', broker, userId);
  }

  /** The records that belong to known users, by the names of each user. */
  function byUser(all: readonly SessionRecord[]) {
    const users = new Map<string, { readonly user: BrokerUser; readonly own: SessionRecord[] }>();
    for (const record of all) {
      const { broker, userId } = record;
      if (userId === null) continue;
      const name = userKey({ broker, userId });
      const known = users.get(name);
      if (known === undefined) users.set(name, { user: { broker, userId }, own: [record] });
      else known.own.push(record);
    }
    return [...users.values()].map(({ user, own }) => ({ names: namesOf(user), own }));
  }

  function placeOf(keyringId: string, record: SessionRecord, endsAt: Date): IndexedPlace {
    const { key, endedAt } = record;
    const end = endedAt === null ? Infinity : endedAt.getTime() + limits.endedSessionDays * day;
    return { keyringId, key, expiresAt: Math.min(end, endsAt.getTime()) };
  }

  /** Those of these keyrings that are gone. One that is there may be about to get the row that an entry names. */
  async function goneOf(keyringIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const gone = await Promise.all(
      [...keyringIds].map(async (id) => ((await store.openKeyring(id)) === null ? [id] : [])),
    );
    return new Set(gone.flat());
  }

  /** The sessions in these places that are of one of the users. */
  async function read(users: readonly BrokerUser[], places: readonly RecordPlace[]) {
    const known = new Set(users.map(userKey));
    const missing: RecordPlace[] = [];
    const found: PlacedSession[] = [];
    for (let from = 0; from < places.length; from += limits.userSessions) {
      const some = places.slice(from, from + limits.userSessions);
      const rows = await Promise.all(
        some.map(({ keyringId, key }) => store.readRecord(keyringId, key)),
      );
      for (const [at, place] of some.entries()) {
        const row = rows[at] ?? null;
        if (row === null) missing.push(place);
        const [entry] = records.decrypt(place.keyringId, row ? [row] : []);
        if (entry === undefined || !known.has(userKey(entry.record))) continue;
        found.push({ keyringId: place.keyringId, record: entry.record });
      }
    }
    await removeStale(users.flatMap(namesOf), missing);
    return found;
  }

  /** Removes places whose keyring is gone, at most so many that the removal is short; the index forgets the others. */
  async function removeStale(names: readonly string[], missing: readonly RecordPlace[]) {
    if (!mayPurge()) return;
    const most = Math.ceil(limits.sessionsElsewhere / names.length);
    const checked = missing.slice(0, most);
    if (checked.length === 0) return;
    const gone = await goneOf(new Set(checked.map(({ keyringId }) => keyringId)));
    const stale = checked.filter(({ keyringId }) => gone.has(keyringId));
    if (stale.length > 0) await store.users?.remove(names, stale);
  }

  return {
    nameOf: ({ broker, userId }) => (userId === null ? null : namesOf({ broker, userId })[0]),

    async note(keyringId, all, endsAt) {
      await Promise.all(
        byUser(all).map(async ({ names: [name], own }) => {
          const places = own.map((record) => placeOf(keyringId, record, endsAt));
          await store.users?.add(name, places, limits.userSessions);
        }),
      );
    },

    async forget(keyringId, all) {
      await Promise.all(
        byUser(all).map(async ({ names, own }) => {
          const places = own.map(({ key }) => ({ keyringId, key }));
          await store.users?.remove(names, places);
        }),
      );
    },

    async find(user) {
      const names = namesOf(user);
      return read([user], (await store.users?.find(names, limits.userSessions)) ?? []);
    },

    async findElsewhere(users, keyringId, count) {
      if (users.length === 0) return { sessions: [], isCut: false };
      // Those of the keyring itself are among them.
      const own = keyringId === null ? 0 : rowCapacity(limits);
      const places = (await store.users?.find(users.flatMap(namesOf), own + count + 1)) ?? [];
      const elsewhere = places.filter((place) => place.keyringId !== keyringId);
      const sessions = await read(users, elsewhere.slice(0, count));
      return { sessions, isCut: elsewhere.length > count };
    },
  };
}

function userKey({ broker, userId }: Pick<SessionRecord, 'broker' | 'userId'>): string {
  return `${broker} ${userId}`;
}
