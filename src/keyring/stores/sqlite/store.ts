// The store of one machine: a file, shared by every process that opens it, on which a thread of its own works. Loaded
// only where it is wanted, as some versions of Node print a warning when node:sqlite is.
import type { Limits } from '../../../limits.ts';
import { createClockCheck } from '../clock-check.ts';
import type { DueList, RevocationList } from '../revocation-list.ts';
import type { KeyringStore } from '../store.ts';
import { CheckedPointers } from './checked-pointers.ts';
import type { SqliteOperations } from './listing.ts';
import { SqliteThread } from './thread.ts';

/** What a call takes behind its moment. */
type Arguments<Method extends keyof SqliteOperations> =
  Parameters<SqliteOperations[Method]> extends [unknown, ...infer Rest] ? Rest : [];

/**
 * A store in a file, which is created where it is missing and readable by its owner only.
 * @param file the path of the file; its folder must exist.
 * @param now tells the time by which things expire.
 * @param monotonic milliseconds of a clock that only runs forward.
 * @param limits how long it may take, and how often it tries.
 * @throws KeyringStoreError where the file cannot be opened or is no such store.
 */
export async function openSqliteStore(
  file: string,
  now: () => Date,
  monotonic: () => number,
  limits: Limits,
): Promise<KeyringStore> {
  const settings = { file, patienceMilliseconds: limits.storeSeconds * 1_000 };
  const thread = new SqliteThread(settings, monotonic, limits.storeRestartSeconds * 1_000);
  await thread.opened;
  const isClockSound = createClockCheck(monotonic);
  const checked = new CheckedPointers(file, limits.cachedKeyrings);

  function call<Method extends keyof SqliteOperations>(
    method: Method,
    ...args: Arguments<Method>
  ): Promise<ReturnType<SqliteOperations[Method]>> {
    const at = now().getTime();
    return thread.call(method, { now: at, mayPurge: isClockSound(at) }, args);
  }

  const dueList = (list: DueList): RevocationList => ({
    add: (due, capacity) => call('addDue', list, due, capacity),
    // Read first: a look that finds nothing takes no lock.
    claim: async (until, count) =>
      (await call('hasDue', list)) ? call('claimDue', list, until, count) : [],
    postpone: (id, expectedDueAt, dueAt) => call('postponeDue', list, id, expectedDueAt, dueAt),
    remove: (ids) => call('removeDue', list, ids),
  });

  return {
    findPointer: (names) => call('findPointer', names),
    checkPointer: (names, keyringId) =>
      checked.check([keyringId, ...names].join(' '), now().getTime(), () =>
        call('checkPointer', names, keyringId),
      ),
    openKeyring: (keyringId) => call('openKeyring', keyringId),
    readRecord: (keyringId, key) => call('readRecord', keyringId, key),
    createKeyring: (keyring) => call('createKeyring', keyring),
    writeRecords: (keyringId, writes, capacity) =>
      call('writeRecords', keyringId, writes, capacity),
    writePointer: (pointer, keyringId) => call('writePointer', pointer, keyringId),
    touchPointer: (name, keyringId, expiresAt) => call('touchPointer', name, keyringId, expiresAt),
    retirePointer: (name, expiresAt) => call('retirePointer', name, expiresAt),
    deleteKeyring: (keyringId, revision) => call('deleteKeyring', keyringId, revision),

    async proveWrite(bytes) {
      await call('proveWrite', bytes);
      await call('forgetProofs');
    },

    revocations: dueList('revocations'),
    deliveries: dueList('deliveries'),

    users: {
      add: (name, places, capacity) => call('addPlaces', name, places, capacity),
      find: (names, count) => call('findPlaces', names, count),
      remove: (names, places) => call('removePlaces', names, places),
    },

    listing: {
      keyrings: (after, count) => call('listKeyrings', after ?? '', count),
      pointers: (after, count) => call('listPointers', after ?? '', count),
      due: (list, after, count) => call('listDue', list, after ?? '', count),
      replacePointer: (name, target, next) => call('replacePointer', name, target, next),
      replaceDue: (list, id, expected, text) => call('replaceDue', list, id, expected, text),
    },

    async upgrade(convert) {
      const ids = await call('listOldKeyrings');
      // Nothing is written where nothing is to be converted: a lock must not keep readers waiting.
      if (ids === null) return;
      for (const id of ids) {
        // Again where a process of the earlier version wrote meanwhile.
        for (let tries = 0; tries < limits.storeTries; tries += 1) {
          const old = await call('readOldKeyring', id);
          const converted = old && convert(old);
          if (!converted || (await call('replaceOldKeyring', old, converted))) break;
        }
      }
      await call('dropOldTables');
    },

    close() {
      // Before the thread, whose connection is the last one then and empties the journal.
      checked.close();
      return thread.close();
    },
  };
}
