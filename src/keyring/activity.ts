// Records keyring activity in the background, at most once a minute: it extends the idle lifetime and the time at
// which sessions were last seen. Failures are reported, never thrown.

import type { Limits } from '../limits.ts';
import type { EncryptedRecords, VersionedRecord } from './crypto/encrypted-records.ts';
import { boundedHint, type DeviceHint, withSighting } from './device.ts';
import { endOf } from './keyring-opener.ts';
import { day, touchInterval } from './policy.ts';
import type { KeyringReport } from './report.ts';
import type { SessionRecord } from './session-record.ts';
import type { KeyringStore, StoredKeyring, StoredPointer } from './stores/store.ts';
import type { UserSessions } from './user-sessions.ts';

/** Background work. */
export interface Activity {
  /** Notes, in the background, that a keyring was opened just now. */
  touch(
    pointer: StoredPointer,
    keyring: StoredKeyring,
    entries: readonly VersionedRecord[],
    sender: DeviceHint | null,
  ): void;
  /** Runs work in the background; where it fails, that is reported. */
  run(keyringId: string, work: () => Promise<unknown>): Promise<void>;
  /** Resolves when no background work is in flight; never rejects. */
  settled(): Promise<void>;
}

/** When a keyring that is used now expires: after its idle lifetime, or earlier at its absolute end. */
export function expiryOf(createdAt: number, now: number, limits: Limits): number {
  return Math.min(now + limits.keyringIdleDays * day, createdAt + limits.keyringDays * day);
}

/** What records activity. */
export interface ActivityOptions {
  readonly store: KeyringStore;
  readonly records: EncryptedRecords;
  readonly users: UserSessions;
  readonly now: () => Date;
  /** Receives failures. */
  readonly report: (report: KeyringReport) => void;
  readonly limits: Limits;
}

/** Records the activity of keyrings. */
export function createActivity(options: ActivityOptions): Activity {
  const { store, records, users, now, report, limits } = options;
  const inFlight = new Set<Promise<void>>();
  const touching = new Set<string>();
  /** When the first record of an opened keyring is to be written: most requests come before. */
  const firstDue = new WeakMap<readonly VersionedRecord[], number>();

  /** What a record becomes now that its keyring is used; null where nothing is to be written. */
  function touched(
    record: SessionRecord,
    device: DeviceHint | null,
    at: Date,
  ): SessionRecord | null {
    const isSeen =
      record.state === 'ACTIVE' && at.getTime() - record.lastSeenAt.getTime() >= touchInterval;
    if (!isSeen && (record.indexName !== null || record.userId === null)) return null;
    const noted = { ...record, indexName: users.nameOf(record) };
    if (!isSeen) return noted;
    const sightings = withSighting(record, device, at, limits.sessionDevices);
    return { ...noted, lastSeenAt: at, ...sightings };
  }

  function firstDueOf(entries: readonly VersionedRecord[]): number {
    const known = firstDue.get(entries);
    if (known !== undefined) return known;
    const times = entries.map(({ record: { state, lastSeenAt, indexName, userId } }) => {
      if (indexName === null && userId !== null) return Number.NEGATIVE_INFINITY;
      return state === 'ACTIVE' ? lastSeenAt.getTime() + touchInterval : Number.POSITIVE_INFINITY;
    });
    const due = Math.min(...times);
    firstDue.set(entries, due);
    return due;
  }

  const activity: Activity = {
    touch(pointer, keyring, entries, sender) {
      const { name, retired, expiresAt: current } = pointer;
      // Several requests of one page open the keyring at once: one of them is enough.
      if (touching.has(name)) return;
      const at = now();
      const expiresAt = expiryOf(keyring.createdAt, at.getTime(), limits);
      const isDue = !retired && expiresAt - current >= touchInterval;
      if (!isDue && at.getTime() < firstDueOf(entries)) return;
      const device = boundedHint(sender, limits.userAgentCharacters);
      const seen = entries.flatMap(({ record, version }) => {
        const next = touched(record, device, at);
        return next === null ? [] : [{ record: next, version, before: record }];
      });
      if (seen.length === 0 && !isDue) return;
      touching.add(name);
      // Sessions of an earlier version, or from under an earlier key, are not in the index yet.
      const unnoted = seen.filter(({ record, before }) => record.indexName !== before.indexName);
      const touch = activity.run(keyring.id, async () => {
        if (isDue) await store.touchPointer(name, keyring.id, expiresAt);
        const endsAt = endOf(keyring, limits);
        await users.note(
          keyring.id,
          unnoted.map(({ record }) => record),
          endsAt,
        );
        // A conflicting change has recorded the session too, or ended it: do not retry.
        if (seen.length > 0) await records.write(keyring.id, seen);
      });
      touch.finally(() => touching.delete(name));
    },

    run(keyringId, work) {
      const done = work()
        .then(
          () => undefined,
          () => report({ kind: 'upkeep-failed', keyringId }),
        )
        .finally(() => inFlight.delete(done));
      inFlight.add(done);
      return done;
    },

    async settled() {
      await Promise.allSettled(inFlight);
    },
  };
  return activity;
}
