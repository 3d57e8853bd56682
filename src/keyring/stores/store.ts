// Where keyrings lie: what every store must do, in one sentence a method. A store knows times, versions and
// encrypted text; it never sees a token, a user id, a cookie or a key. All times are milliseconds since the epoch.
import { systemCode } from '../../brokers/upstream/system-code.ts';
import type { DueList, RevocationList, StoredRevocation } from './revocation-list.ts';
import type { UserIndex } from './user-index.ts';

/** One session's row. */
export interface StoredRecord {
  /** The row's key within its keyring; see `rowKeys`. */
  readonly key: string;
  /** The encrypted session. */
  readonly encrypted: string;
  /** Names this state of the row; never comes twice in one keyring. */
  readonly version: number;
}

/** Where a cookie leads. */
export interface StoredPointer {
  /** The name it was found by: an HMAC of the cookie. */
  readonly name: string;
  /** The id of its keyring, encrypted and bound to the name. A store cannot read it. */
  readonly target: string;
  /** When it leads nowhere any more, unless it is touched. */
  readonly expiresAt: number;
  /** Whether a login has replaced it: nothing prolongs it any more. */
  readonly retired: boolean;
}

/** A pointer, and how often the rows of a keyring had been written then. */
export interface CheckedPointer {
  /** The pointer. */
  readonly pointer: StoredPointer;
  /** The keyring's revision; null where there is no such keyring. */
  readonly revision: number | null;
}

/** A keyring with its rows, all of one moment. */
export interface StoredKeyring {
  /** The keyring's own id, random and stable. */
  readonly id: string;
  /** When the keyring began. */
  readonly createdAt: number;
  /** Counts the writes to its records, each in the same step as the write: equal revisions have equal rows. */
  readonly revision: number;
  /** Its rows that have not expired, in no particular order. */
  readonly records: readonly StoredRecord[];
}

/** A new keyring, still without records and pointers. */
export interface NewKeyring {
  /** Its id. */
  readonly id: string;
  /** When it begins. */
  readonly createdAt: number;
  /** When it goes away with all that is in it, unless a pointer written or touched later outlives this. */
  readonly expiresAt: number;
}

/** A new pointer. */
export type NewPointer = Omit<StoredPointer, 'retired'>;

/** A row to write, if its version is still the expected one. */
export interface RecordWrite {
  /** The row's key within its keyring. */
  readonly key: string;
  /** The encrypted session; null: the row is deleted. */
  readonly encrypted: string | null;
  /** When the row goes away before its keyring does; null: it stays as long as the keyring. */
  readonly expiresAt: number | null;
  /** The version this write replaces; null: there must be no such row. */
  readonly expectedVersion: number | null;
}

/**
 * What became of a write.
 * - `written`: it is there, for every instance of the store.
 * - `conflict`: the row has another version than expected, or exists, or is gone. Nothing changed.
 * - `full`: a new row would exceed the capacity. Nothing changed.
 * - `gone`: there is no such keyring any more. Nothing changed.
 */
export type WriteOutcome = 'written' | 'conflict' | 'full' | 'gone';

/** Some of what a store holds. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; null behind the last one. */
  readonly next: string | null;
}

/** An encrypted text and the name that it is bound to. */
export interface NewText {
  readonly name: string;
  readonly encrypted: string;
}

/**
 * All that a store holds, for the operator. A page has about `count` items, perhaps none, and begins behind a cursor, or at
 * the beginning with null. What is there from the first page to the last is in at least one of them; an item may come twice.
 */
export interface StoreListing {
  /** The ids of keyrings. */
  keyrings(after: string | null, count: number): Promise<Page<string>>;
  /** The names of pointers. */
  pointers(after: string | null, count: number): Promise<Page<string>>;
  /** What is in one of its lists. */
  due(list: DueList, after: string | null, count: number): Promise<Page<StoredRevocation>>;
  /** Gives a pointer another name and target, if its target is still the expected one. It ends when it would have. */
  replacePointer(name: string, expectedTarget: string, next: NewText): Promise<boolean>;
  /** Gives an entry of a list another text, if its text is still the expected one. */
  replaceDue(list: DueList, id: string, expected: string, encrypted: string): Promise<boolean>;
}

/** Tells that keyrings were written. */
export interface KeyringNotices {
  /**
   * Calls `onNotice` soon after each write to a keyring, and where one may have been missed; gives the way to stop. A
   * notice says nothing of what was written, and may be lost or come twice. Never throws.
   */
  watch(keyringId: string, onNotice: () => void): () => void;
}

/** A keyring in the old layout, with every pointer that leads to it. */
export interface OldKeyring {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revision: number;
  readonly pointers: readonly OldPointer[];
  readonly records: readonly ConvertedRecord[];
}

/** A pointer in the old layout: its name is the SHA-256 of a cookie. */
export interface OldPointer {
  readonly hash: string;
  readonly expiresAt: number;
  readonly retired: boolean;
}

/** A row of a keyring, with nothing that depends on where it is stored. */
export interface ConvertedRecord {
  readonly key: string;
  readonly encrypted: string;
  readonly expiresAt: number | null;
}

/** A keyring in the layout of today. Its pointers stand in the order of the old ones. */
export interface ConvertedKeyring {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly pointers: readonly StoredPointer[];
  readonly records: readonly ConvertedRecord[];
}

/** Converts a keyring; null where none of its rows opens with our keys, so that it is left as it is. */
export type ConvertKeyring = (old: OldKeyring) => ConvertedKeyring | null;

/**
 * Keeps keyrings. Every method is atomic, also against other processes with the same store, sees nothing that
 * has expired, and throws {@link KeyringStoreError} and nothing else.
 */
export interface KeyringStore {
  /** The first pointer of these names that exists; null where none does. */
  findPointer(names: readonly string[]): Promise<StoredPointer | null>;
  /**
   * The same, with the revision of a keyring at the same moment; null in its place where there is no such keyring.
   * Each operation of a browser asks this, so it has to be cheap.
   */
  checkPointer(names: readonly string[], keyringId: string): Promise<CheckedPointer | null>;
  /** A keyring with all its rows at one moment; null if it does not exist. */
  openKeyring(keyringId: string): Promise<StoredKeyring | null>;
  /** One row of a keyring; null where it or the keyring is missing. */
  readRecord(keyringId: string, key: string): Promise<StoredRecord | null>;
  /** Begins a keyring, whose id must be new. */
  createKeyring(keyring: NewKeyring): Promise<void>;
  /** Writes rows, each by itself under compare-and-set; outcomes stand in the order of the writes. */
  writeRecords(
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): Promise<readonly WriteOutcome[]>;
  /** Writes a new pointer to a keyring, which then lives at least as long; false where the keyring is gone. */
  writePointer(pointer: NewPointer, keyringId: string): Promise<boolean>;
  /** Lets a pointer and its keyring live until then at least; does nothing where it is retired or either is missing. */
  touchPointer(name: string, keyringId: string, expiresAt: number): Promise<void>;
  /** Ends a pointer at that time, or earlier where it would end earlier: from then on nothing prolongs it. */
  retirePointer(name: string, expiresAt: number): Promise<void>;
  /** Deletes a keyring with all its rows if it is still at this revision; false where it is not, or is gone. */
  deleteKeyring(keyringId: string, revision: number): Promise<boolean>;
  /** Writes that many bytes, as durably as a session, and deletes them: throws where a session could not be kept now. */
  proveWrite(bytes: number): Promise<void>;
  /** The revocations. Where a store of your own has none, a restart loses those that no broker has confirmed. */
  readonly revocations?: RevocationList;
  /** Events that a webhook is still to be told, kept as revocations are. Where a store of your own has none, it has no webhook. */
  readonly deliveries?: RevocationList;
  /** The index of users. Where a store of your own has none, a browser learns nothing of its user's other browsers. */
  readonly users?: UserIndex;
  /** Tells of writes by other processes. Where a store has none, they are found by a check now and then. */
  readonly notices?: KeyringNotices;
  /** All that it holds. Where a store of your own has none, the command `sessions` does not work with it. */
  readonly listing?: StoreListing;
  /** Converts what an earlier version of the gateway left in its own layout, if the store can hold such. */
  upgrade?(convert: ConvertKeyring): Promise<void>;
  /** Lets go of files and connections; every later call throws. A second close does nothing. */
  close(): Promise<void>;
}

/** The store cannot be reached or cannot do its work. It holds no address and no error of a third party. */
export class KeyringStoreError extends Error {
  override readonly name = 'KeyringStoreError';
  /** Always this word. */
  readonly code = 'unavailable';
  /** What the store's server, library or system calls the cause, such as `WRONGPASS`, for the log; null where unknown. */
  readonly systemCode: string | null;

  /** @param cause the code of the cause; kept where it is such a word, so that nothing else can leak. */
  constructor(cause?: unknown) {
    super('The keyring store is unavailable');
    this.systemCode = systemCode(cause);
  }
}
