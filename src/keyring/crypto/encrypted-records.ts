// Session records over a store and an encrypter: each row is encrypted by itself, each change uses compare-and-set.
import type { Limits } from '../../limits.ts';
import { day } from '../policy.ts';
import type { KeyringReport, UnreadableReason } from '../report.ts';
import { parseRecord, recordJson, type SessionRecord } from '../session-record.ts';
import {
  type KeyringStore,
  KeyringStoreError,
  type RecordWrite,
  type StoredRecord,
  type WriteOutcome,
} from '../stores/store.ts';
import type { Binding, Encrypter } from './encrypter.ts';

/** A record with the version of its row. */
export interface VersionedRecord {
  /** The record. */
  readonly record: SessionRecord;
  /** The version of the row it was read from; null for one that is to be new. */
  readonly version: number | null;
  /** What the row held, null for a new row. Left out, the write changes nothing that is announced. */
  readonly before?: SessionRecord | null;
}

/**
 * Told of changes before they are written; the write waits for it. Must not throw, and neither must what it gives back,
 * which is called once all of them are written.
 */
export type Announce = (
  keyringId: string,
  changes: readonly Pick<VersionedRecord, 'record' | 'before'>[],
) => Promise<() => void>;

/** Reads and writes records. Methods throw KeyringStoreError where the store is down. */
export interface EncryptedRecords {
  /**
   * Opens rows. One that does not open is left out and reported.
   * @param known records of this keyring that were opened before: where a row still has their version, it is not
   * opened again. A version never comes twice in one keyring.
   */
  decrypt(
    keyringId: string,
    rows: readonly StoredRecord[],
    known?: readonly VersionedRecord[],
  ): readonly VersionedRecord[];
  /** One record; null where it is missing or does not open. */
  read(keyringId: string, key: string): Promise<SessionRecord | null>;
  /**
   * Encrypts and writes, each under the given version.
   * @param capacity the most rows that the keyring may have then.
   */
  write(
    keyringId: string,
    entries: readonly VersionedRecord[],
    capacity?: number,
  ): Promise<readonly WriteOutcome[]>;
  /** Deletes records, each under the given version. */
  remove(keyringId: string, entries: readonly VersionedRecord[]): Promise<void>;
  /**
   * Changes one record, and retries after conflicting changes.
   * @param change the record's next state, the record itself where it is so already, or null to leave it; runs once a
   *   try, so it must do nothing else.
   * @returns the record as it is then; null where it is missing, did not open or was left.
   */
  change(
    keyringId: string,
    key: string,
    change: (record: SessionRecord) => SessionRecord | null,
  ): Promise<SessionRecord | null>;
  /**
   * Changes records as `change` does, all by one write; after conflicting changes, those that they hit again.
   * @returns the records as they are then, without those that are missing, did not open or were left.
   */
  changeAll(
    keyringId: string,
    keys: readonly string[],
    change: (record: SessionRecord) => SessionRecord | null,
  ): Promise<readonly SessionRecord[]>;
}

/** The most rows of a keyring. */
export function rowCapacity({ keyringSessions, keyringEndedSessions }: Limits): number {
  return keyringSessions + keyringEndedSessions;
}

/** What a row's text is bound to. Not what earlier versions bound it to: those rows are only ever converted. */
export function recordBinding(keyringId: string, key: string): Binding {
  return ['session', keyringId, key];
}

/** Records over `store`, encrypted by `encrypter`; rows that cannot be decrypted go to `report`. */
export function createEncryptedRecords(
  store: KeyringStore,
  encrypter: Encrypter,
  report: (report: KeyringReport) => void,
  limits: Limits,
  announce: Announce = async () => () => undefined,
): EncryptedRecords {
  const records: EncryptedRecords = {
    decrypt(keyringId, rows, known = []) {
      const unreadable = new Map<UnreadableReason, number>();
      const knownByKey = new Map(known.map((entry) => [entry.record.key, entry]));
      const open = ({ key, encrypted, version }: StoredRecord) => {
        const same = knownByKey.get(key);
        if (same?.version === version) return same;
        const opened = encrypter.decrypt(recordBinding(keyringId, key), encrypted);
        const record = opened.ok ? parseRecord(key, opened.value) : null;
        if (record !== null) return { record, version };
        const reason = opened.ok ? 'malformed' : opened.reason;
        unreadable.set(reason, (unreadable.get(reason) ?? 0) + 1);
        return null;
      };
      const opened = rows.map(open).filter((entry) => entry !== null);
      for (const [reason, count] of unreadable) {
        report({ kind: 'unreadable-records', keyringId, reason, count });
      }
      return opened;
    },

    async read(keyringId, key) {
      const row = await store.readRecord(keyringId, key);
      const [entry] = records.decrypt(keyringId, row ? [row] : []);
      return entry?.record ?? null;
    },

    async write(keyringId, entries, capacity = rowCapacity(limits)) {
      const toWrite = ({ record, version }: VersionedRecord): RecordWrite => ({
        key: record.key,
        encrypted: encrypter.encrypt(recordBinding(keyringId, record.key), recordJson(record)),
        expiresAt: record.endedAt && record.endedAt.getTime() + limits.endedSessionDays * day,
        expectedVersion: version,
      });
      const changes = entries.filter(({ before }) => before !== undefined);
      const confirm = changes.length > 0 ? await announce(keyringId, changes) : null;
      const outcomes = await store.writeRecords(keyringId, entries.map(toWrite), capacity);
      if (outcomes.every((outcome) => outcome === 'written')) confirm?.();
      return outcomes;
    },

    async remove(keyringId, entries) {
      const writes = entries.map(({ record: { key }, version }): RecordWrite => {
        return { key, encrypted: null, expiresAt: null, expectedVersion: version };
      });
      if (writes.length > 0) await store.writeRecords(keyringId, writes, rowCapacity(limits));
    },

    async change(keyringId, key, change) {
      const [changed] = await records.changeAll(keyringId, [key], change);
      return changed ?? null;
    },

    async changeAll(keyringId, keys, change) {
      const done: SessionRecord[] = [];
      let left = keys;
      for (let tries = 0; tries < limits.storeTries; tries += 1) {
        const rows = await Promise.all(left.map((key) => store.readRecord(keyringId, key)));
        const there = rows.filter((row) => row !== null);
        const entries: VersionedRecord[] = [];
        for (const { record, version } of records.decrypt(keyringId, there)) {
          const next = change(record);
          if (next === record) done.push(next);
          else if (next !== null) entries.push({ record: next, version, before: record });
        }
        if (entries.length === 0) return done;
        const outcomes = await records.write(keyringId, entries);
        done.push(
          ...entries.flatMap(({ record }, at) => (outcomes[at] === 'written' ? record : [])),
        );
        left = entries.flatMap(({ record: { key } }, at) =>
          outcomes[at] === 'written' || outcomes[at] === 'gone' ? [] : key,
        );
        if (left.length === 0) return done;
      }
      throw new KeyringStoreError();
    },
  };
  return records;
}
