// The index of users in a store: which rows hold sessions of a user.

/** Where a row is. */
export interface RecordPlace {
  readonly keyringId: string;
  /** The row's key within its keyring. */
  readonly key: string;
}

/** A row that an index names. */
export interface IndexedPlace extends RecordPlace {
  /** When the index forgets it. */
  readonly expiresAt: number;
}

/**
 * Which rows hold sessions of a user, in whichever keyrings. A user has a name here, an HMAC, so that a store cannot tell
 * who it is. An entry may be stale: its row may be gone, or not be written yet. As with the store, every method is atomic
 * and sees nothing that has expired.
 */
export interface UserIndex {
  /**
   * Adds places under a name, or sets their expiry anew. Where there are then more than `capacity`, those that expire
   * first are removed.
   */
  add(name: string, places: readonly IndexedPlace[], capacity: number): Promise<void>;
  /** The places under any of these names, each once, the last to expire first, at most `count`. */
  find(names: readonly string[], count: number): Promise<readonly RecordPlace[]>;
  /** Removes places under any of these names. */
  remove(names: readonly string[], places: readonly RecordPlace[]): Promise<void>;
}
