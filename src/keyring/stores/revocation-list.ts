// What a store keeps to be done at a time: tokens to end, events to deliver.

/** The lists of a store: tokens to end, and events to deliver. */
export const dueLists = ['revocations', 'deliveries'] as const;

/** One of them. */
export type DueList = (typeof dueLists)[number];

/** Tokens that a broker has still to end, or an event to deliver: they are found without the cookie of a browser. */
export interface StoredRevocation {
  /** Its name: an HMAC or random, so that it gives nothing away. */
  readonly id: string;
  /** What is to be done, encrypted and bound to the id. A store cannot read it. */
  readonly encrypted: string;
  /** When it is to be claimed next. Each change of it is a claim, which only one gateway gets. */
  readonly dueAt: number;
  /** When it goes away, done or not. */
  readonly expiresAt: number;
}

/**
 * What became of a new revocation. `exists`: the list holds that id already, and nothing changed; `full`: it holds as
 * many as it may, and nothing changed.
 */
export type RevocationOutcome = 'written' | 'exists' | 'full';

/** What a store keeps to be done at a time. As with the store, every method is atomic and sees nothing that has expired. */
export interface RevocationList {
  /** Adds a revocation, unless the list holds its id or is at its capacity. */
  add(revocation: StoredRevocation, capacity: number): Promise<RevocationOutcome>;
  /** Claims those that are due, at most `count`: they come with `until` as the time at which they are due again. */
  claim(until: number, count: number): Promise<readonly StoredRevocation[]>;
  /** Makes one due at `dueAt`; false where it is gone, or due at another time than expected: another gateway has it. */
  postpone(id: string, expectedDueAt: number, dueAt: number): Promise<boolean>;
  /** Deletes those of these ids that exist. */
  remove(ids: readonly string[]): Promise<void>;
}
