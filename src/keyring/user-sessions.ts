// The sessions of a broker's user in whichever keyrings, by the index of the store. It is written before the session is:
// after a crash it may name a row that never came, and it is believed only where the row is there and is the user's.
import type { BrokerName } from '../brokers/broker-name.ts';
import type { Limits } from '../limits.ts';
import type { EncryptedRecords } from './crypto/encrypted-records.ts';
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
}

/** The index of users of `store`, with names under the keys of `encrypter`. */
export function createUserSessions(
  store: KeyringStore,
  encrypter: Encrypter,
  records: EncryptedRecords,
  limits: Pick<Limits, 'userSessions' | 'endedSessionDays'>,
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
      const name = `${broker} ${userId}`;
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
      const places = (await store.users?.find(names, limits.userSessions)) ?? [];
      const missing: RecordPlace[] = [];
      const found = await Promise.all(
        places.map(async (place): Promise<readonly PlacedSession[]> => {
          const { keyringId, key } = place;
          const row = await store.readRecord(keyringId, key);
          if (row === null) missing.push(place);
          const [entry] = records.decrypt(keyringId, row ? [row] : []);
          const { broker, userId } = entry?.record ?? {};
          if (!entry || broker !== user.broker || userId !== user.userId) return [];
          return [{ keyringId, record: entry.record }];
        }),
      );
      if (missing.length > 0) {
        const gone = await goneOf(new Set(missing.map(({ keyringId }) => keyringId)));
        const stale = missing.filter(({ keyringId }) => gone.has(keyringId));
        if (stale.length > 0) await store.users?.remove(names, stale);
      }
      return found.flat();
    },
  };
}
