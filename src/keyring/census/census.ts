// Counts the sessions of a store by state, and what its lists hold, now and then in the background: what a store keeps is
// encrypted, so only a process with the keys can tell a session that is active from one that has ended.
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type { EncryptedRecords } from '../crypto/encrypted-records.ts';
import type { KeyringReport } from '../report.ts';
import type { SessionState } from '../session-record.ts';
import { type DueList, dueLists } from '../stores/revocation-list.ts';
import { type KeyringStore, KeyringStoreError } from '../stores/store.ts';
import { everyKeyring, everyPage } from './every-keyring.ts';

/** What a store held when it was counted. */
export interface Counted {
  readonly sessions: Record<SessionState, number>;
  /** Rows that no key opens. */
  readonly unreadable: number;
  /** How much each list holds. */
  readonly due: Record<DueList, number>;
  /** Whether all of the store was counted. */
  readonly isWhole: boolean;
}

/** What a census is made of. */
export interface CensusOptions {
  readonly store: KeyringStore;
  /** Opens rows; `report` is told of those that no key opens. */
  readonly recordsWith: (
    report: (report: KeyringReport) => void,
  ) => Pick<EncryptedRecords, 'decrypt'>;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'censusSeconds' | 'censusKeyrings'>;
}

/** A census that goes on. */
export interface Census {
  /** The last count; null before the first one, and where the store cannot be listed. */
  readonly latest: Counted | null;
  /** Ends it. */
  close(): Promise<void>;
}

/** Begins a census, whose first count is made at once. */
export function createCensus({ store, recordsWith, clock, limits }: CensusOptions): Census {
  const { listing } = store;
  const closing = new AbortController();
  let latest: Counted | null = null;
  let unreadable = 0;
  const records = recordsWith((report) => {
    if ('count' in report) unreadable += report.count;
  });

  async function count(): Promise<void> {
    if (listing === undefined) return;
    const sessions = { ACTIVE: 0, EXPIRED: 0, REVOKING: 0, REVOKED: 0 };
    const due = { revocations: 0, deliveries: 0 };
    let keyrings = 0;
    unreadable = 0;
    // What Redis lists twice follows close upon itself.
    let last = '';
    const isOver = () => keyrings >= limits.censusKeyrings || closing.signal.aborted;
    for await (const { id, records: rows } of everyKeyring({ store, listing })) {
      if (isOver()) break;
      if (id === last) continue;
      last = id;
      keyrings += 1;
      for (const { record } of records.decrypt(id, rows)) sessions[record.state] += 1;
    }
    for (const list of dueLists) {
      if (store[list] === undefined) continue;
      const pages = everyPage((after, most) => listing.due(list, after, most));
      for await (const { length } of pages) {
        due[list] += length;
        if (due[list] >= limits.censusKeyrings || closing.signal.aborted) break;
      }
    }
    latest = { sessions, unreadable, due, isWhole: !isOver() };
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await count();
      } catch (error) {
        if (!(error instanceof KeyringStoreError)) throw error;
        if (latest !== null) latest = { ...latest, isWhole: false };
      }
      await clock.wait(limits.censusSeconds * 1_000, closing.signal);
    }
  }

  // Only a fault of ours rejects here: then the last count stays, and is not told as whole.
  const running = run().catch(() => {
    if (latest !== null) latest = { ...latest, isWhole: false };
  });

  return {
    get latest() {
      return latest;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
