// The first step of a session's end, in its keyring: it takes along what renewals have put in the place of the session.
import type { Keyrings } from '../keyring.ts';
import type { SessionEndReason, SessionRecord } from '../session-record.ts';
import { KeyringStoreError } from '../stores/store.ts';

/** A session whose end has begun. */
export interface BegunEnd<Held> {
  /** The session, with the tokens that are to be ended. */
  readonly record: SessionRecord;
  /** What came of holding its tokens. */
  readonly held: Held;
}

/** Where an end begins. */
export interface EndsToBegin<Held> {
  readonly keyrings: Pick<Keyrings, 'markRevoking'>;
  readonly keyringId: string;
  readonly reason: SessionEndReason;
  /** How many sessions are marked at most. */
  readonly maxTries: number;
  /** Puts the tokens of a session into the store, so that a process that ends after that is not the end of it. */
  hold(record: SessionRecord): Promise<Held>;
}

/**
 * Begins to end a session: holds its tokens, and then marks it. Where a renewal was stored before the mark, its session
 * is ended too. A later login is left alone.
 * @returns the session, and then its renewals.
 * @throws KeyringStoreError also where the last try met another renewal.
 */
export async function beginEnds<Held>(
  { keyrings, keyringId, reason, maxTries, hold }: EndsToBegin<Held>,
  session: SessionRecord,
): Promise<readonly BegunEnd<Held>[]> {
  const begun: BegunEnd<Held>[] = [];
  let next = session;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const held = await hold(next);
    const marked = await keyrings.markRevoking(keyringId, next, reason);
    begun.push({ record: marked.record ?? next, held });
    if (marked.record !== null || marked.renewal === null) return begun;
    next = marked.renewal;
  }
  throw new KeyringStoreError();
}
