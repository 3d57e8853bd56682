// Keyrings over a store and a cipher. No lock is held during a call to a broker: a change names the version that it
// expects, is retried after a conflicting change, and a later login always wins.
import { type Clock, machineClock } from '../brokers/upstream/clock.ts';
import { type Limits, withDefaultLimits } from '../limits.ts';
import { createActivity, expiryOf } from './activity.ts';
import { type Announce, createEncryptedRecords, rowCapacity } from './crypto/encrypted-records.ts';
import type { Encrypter } from './crypto/encrypter.ts';
import { cookieNames, newCookie, newId, rowKeys } from './crypto/names.ts';
import { encryptPointer } from './crypto/pointers.ts';
import { boundedHint } from './device.ts';
import type { Keyrings } from './keyring.ts';
import { createKeyringOpener, endOf } from './keyring-opener.ts';
import {
  ended,
  isLaterRenewal,
  isRivalRenewal,
  labelled,
  latestOf,
  loggedIn,
  renewed,
  replacedBy,
} from './login.ts';
import { noticeWrites } from './news/notices.ts';
import { sessionBytes } from './policy.ts';
import type { KeyringReport } from './report.ts';
import { roomFor } from './room.ts';
import {
  isSameLogin,
  type LoginOfRecord,
  type SessionEndReason,
  type SessionRecord,
  type SessionState,
} from './session-record.ts';
import { createClockCheck } from './stores/clock-check.ts';
import { type KeyringStore, KeyringStoreError, type StoredKeyring } from './stores/store.ts';
import { createUserSessions } from './user-sessions.ts';

/** What keyrings are made of. */
export interface KeyringsOptions {
  /** Where they lie; closed with them. */
  readonly store: KeyringStore;
  /** Encrypts their records. */
  readonly encrypter: Encrypter;
  /** Bounds on keyrings. Default: as docs/limits.md lists them. */
  readonly limits?: Limits;
  /** The time. */
  readonly now: () => Date;
  /** A clock that only runs forward. Default: the machine's. */
  readonly clock?: Clock;
  /** Receives rows that could not be decrypted and background writes that failed; must not throw. Default: none. */
  readonly report?: (report: KeyringReport) => void;
  /** Told of changes to sessions before they are written. Default: not told. */
  readonly announce?: Announce;
}

/** Keyrings over a store and an encrypter. */
export function createKeyrings(options: KeyringsOptions): Keyrings {
  const { encrypter, now, report = () => undefined } = options;
  const { store, notices } = noticeWrites(options.store);
  const { limits = withDefaultLimits(), clock = machineClock } = options;
  const records = createEncryptedRecords(store, encrypter, report, limits, options.announce);
  const isClockSound = createClockCheck(() => clock.milliseconds());
  const mayPurge = () => isClockSound(now().getTime());
  const users = createUserSessions(store, encrypter, records, limits, mayPurge);
  const activity = createActivity({ store, records, users, now, report, limits });
  const opener = createKeyringOpener({ store, encrypter, records, limits, now, clock });

  async function begin(): Promise<StoredKeyring> {
    const id = newId();
    const createdAt = now().getTime();
    const expiresAt = expiryOf(createdAt, createdAt, limits);
    await store.createKeyring({ id, createdAt, expiresAt });
    return { id, createdAt, revision: 0, records: [] };
  }

  function end(
    keyringId: string,
    record: LoginOfRecord,
    state: Exclude<SessionState, 'ACTIVE'>,
    reason: SessionEndReason,
    at: Date = now(),
  ) {
    const change = (current: SessionRecord) => ended(current, record, state, reason, at);
    return records.change(keyringId, record.key, change);
  }

  /** Of its own, and the same however often the same session is replaced. */
  function earlierKey(keyringId: string, record: SessionRecord): string {
    return rowKeys(encrypter, keyringId, record, `earlier ${record.sessionId}`)[0];
  }

  return {
    async open(cookie, device) {
      const found = await opener.open(cookie);
      if (found === null) return null;
      activity.touch(found.pointer, found.stored, found.entries, device);
      return found.keyring;
    },

    read: (keyringId, last) => opener.read(keyringId, last),
    notices,

    async ready() {
      await opener.upgrade();
      await store.proveWrite(sessionBytes);
    },

    async add(cookie, login, sender) {
      const device = boundedHint(sender, limits.userAgentCharacters);
      // Without a user id there is nothing to meet an earlier session by: this one gets a row of its own.
      const userId = login.session.userId ?? `unknown ${newId()}`;
      for (let tries = 0; tries < limits.storeTries; tries += 1) {
        const found = await opener.find(cookie);
        const keyring = found?.keyring ?? (await begin());
        const keys = rowKeys(encrypter, keyring.id, login, userId);
        const entries = records.decrypt(keyring.id, keyring.records, found?.last?.entries);
        const earlierRow = latestOf(entries, login)?.key;
        const row =
          keyring.records.find((candidate) => keys.includes(candidate.key)) ??
          keyring.records.find((candidate) => candidate.key === earlierRow);
        const key = row?.key ?? keys[0];
        const previous = entries.find((entry) => entry.record.key === row?.key);
        const at = now();
        const replaced = previous?.record ?? null;
        const endsAt = endOf(keyring, limits);
        const indexName = users.nameOf({ broker: login.broker, userId: login.session.userId });
        const record = loggedIn(key, login, replaced, device, at, indexName);
        const earlier = replaced && replacedBy(record, replaced, earlierKey(keyring.id, replaced));
        const others = entries.filter((entry) => entry !== previous);
        const { dropped, surplus } = roomFor(others, limits);
        await users.note(keyring.id, earlier ? [record, earlier] : [record], endsAt);
        await records.remove(keyring.id, dropped);
        // The version of the row, also if it could not be decrypted: an unreadable row may be replaced.
        const [outcome] = await records.write(
          keyring.id,
          [{ record, version: row?.version ?? null, before: replaced }],
          Math.max(rowCapacity(limits), keyring.records.length + 2),
        );
        if (outcome !== 'written') continue;
        // The session lies in the keyring now. What is listed beside it is no reason to fail.
        await activity.run(keyring.id, async () => {
          if (earlier && limits.keyringEndedSessions > 0)
            await records.write(keyring.id, [{ record: earlier, version: null }]);
          await users.forget(
            keyring.id,
            dropped.map((entry) => entry.record),
          );
        });

        const added = { keyringId: keyring.id, endsAt, record, replaced, surplus };
        if (cookie !== null && found?.pointer.retired) {
          return { cookie, hasNewCookie: false, ...added };
        }
        // Should one of the next steps fail, the old cookie still finds the session.
        const next = newCookie();
        const pointer = encryptPointer(encrypter, { keyringId: keyring.id, ...next });
        const expiresAt = expiryOf(keyring.createdAt, at.getTime(), limits);
        const isKept = await store
          .writePointer({ ...pointer, expiresAt }, keyring.id)
          .catch((error) => {
            // The login fails, and its tokens are ended: the session that lies there is over.
            void activity.run(keyring.id, () => end(keyring.id, record, 'REVOKED', 'LOGGED_OUT'));
            throw error;
          });
        if (!isKept) continue;
        if (found) opener.keep({ ...pointer, expiresAt, retired: false }, found, entries);
        if (cookie !== null && found) {
          const retiredAt = at.getTime() + limits.retiredCookieSeconds * 1_000;
          // Under each name that it may have: the keys may be rotated at this moment.
          const names = cookieNames(encrypter, cookie) ?? [];
          const retire = (name: string) => store.retirePointer(name, retiredAt);
          await activity.run(keyring.id, () => Promise.all(names.map(retire)));
        }
        return { cookie: next.cookie, hasNewCookie: true, ...added };
      }
      throw new KeyringStoreError();
    },

    async sessionsElsewhere(all, keyringId, count) {
      await opener.upgrade();
      return users.findElsewhere(all, keyringId, count);
    },

    async markExpired(keyringId, record, reason = 'REFUSED_BY_BROKER', at = now()) {
      return (await end(keyringId, record, 'EXPIRED', reason, at)) !== null;
    },

    async markRevoking(keyringId, record, reason = 'LOGGED_OUT') {
      const revoking = await end(keyringId, record, 'REVOKING', reason);
      if (revoking !== null) return { record: revoking };
      const current = await records.read(keyringId, record.key);
      if (current === null) return { record: null, renewal: null };
      if (isSameLogin(current, record)) return { record: current };
      return { record: null, renewal: isLaterRenewal(current, record) ? current : null };
    },

    async markRevoked(keyringId, record, reason = 'LOGGED_OUT') {
      return (await end(keyringId, record, 'REVOKED', reason)) !== null;
    },

    async renew(keyringId, record, session, renewalOf = record.sessionId) {
      let rival: SessionRecord | null = null;
      const next = await records.change(keyringId, record.key, (current) => {
        const renewal = renewed(current, record, session, renewalOf, now(), limits.sessionMethods);
        rival = renewal === null && isRivalRenewal(current, renewalOf) ? current : null;
        return renewal;
      });
      return next === null ? { record: null, rival } : { record: next };
    },

    label(keyringId, ofAccount, label) {
      const accountOf = new Map(ofAccount.map((record) => [record.key, record]));
      return records.changeAll(keyringId, [...accountOf.keys()], (current) => {
        const record = accountOf.get(current.key);
        return record === undefined ? null : labelled(current, record, label, now());
      });
    },

    async forgetIfEmpty(cookie) {
      for (let tries = 0; tries < limits.storeTries; tries += 1) {
        const found = await opener.find(cookie);
        if (found === null) return true;
        const { id, revision, records: rows } = found.keyring;
        const entries = records.decrypt(id, rows);
        // What does not open may be an active session, under a key that other replicas have.
        if (entries.length < rows.length) return false;
        if (entries.some(({ record }) => record.state !== 'REVOKED')) return false;
        if (!(await store.deleteKeyring(id, revision))) continue;
        const gone = entries.map(({ record }) => record);
        await activity.run(id, () => users.forget(id, gone));
        return true;
      }
      throw new KeyringStoreError();
    },

    settled: () => activity.settled(),

    async close() {
      opener.close();
      await activity.settled();
      await store.close();
    },
  };
}
