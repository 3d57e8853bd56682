// What one subscriber has been told of the sessions of a keyring, and what is to be told next: the difference to the
// keyring as it is when the subscriber reads on. However slowly it reads, nothing is queued for it.
import type { SessionEndReason, SessionRecord } from '../session-record.ts';

/**
 * Why a session is told.
 * - `PRESENT`: it was there when the subscription began.
 * - `STARTED`, `RENEWED`, `LABELLED`: since then it began, got new tokens, or was named by its user.
 * - `EXPIRING`: it is active, and expected to expire soon.
 * - `ENDED`: it ended; told again where its state goes on, as from REVOKING to REVOKED.
 */
export type SessionChangeReason =
  | 'PRESENT'
  | 'STARTED'
  | 'RENEWED'
  | 'LABELLED'
  | 'EXPIRING'
  | 'ENDED';

/** One thing to tell. */
export interface SessionChange {
  /** The session as it is now. */
  readonly record: SessionRecord;
  readonly reason: SessionChangeReason;
}

/** When sessions are expected to expire. */
export interface SessionTimes {
  /** The time. */
  readonly now: () => Date;
  /** When a session is expected to expire; null where its broker does not say. */
  readonly expiryOf: (record: SessionRecord) => Date | null;
  /** How long before that it is told, in milliseconds. */
  readonly expiringMilliseconds: number;
}

interface Told {
  readonly record: SessionRecord;
  readonly isExpiring: boolean;
}

/** What one subscriber has been told. */
export class ToldSessions {
  readonly #times: SessionTimes;
  readonly #told = new Map<string, Told>();
  /** The sessions that were there at first. */
  #first: ReadonlySet<string> | null = null;
  #sessions: readonly SessionRecord[] = [];
  /** How many of them have nothing more to tell. */
  #checked = 0;

  constructor(times: SessionTimes) {
    this.#times = times;
  }

  /** Compares anew from here on: the sessions have changed, or time has passed. */
  compare(sessions: readonly SessionRecord[]): void {
    this.#first ??= new Set(sessions.map(({ sessionId }) => sessionId));
    this.#sessions = sessions;
    this.#checked = 0;
  }

  /** What is to be told next; null where the subscriber knows everything. */
  next(): SessionChange | null {
    for (; this.#checked < this.#sessions.length; this.#checked += 1) {
      const record = this.#sessions[this.#checked];
      const reason = record && this.#reasonFor(record);
      if (!record || !reason) continue;
      const isExpiring = reason === 'EXPIRING' || this.#told.get(record.sessionId)?.isExpiring;
      this.#told.set(record.sessionId, { record, isExpiring: isExpiring ?? false });
      return { record, reason };
    }
    return this.#told.size > this.#sessions.length ? this.#nextGone() : null;
  }

  #reasonFor(record: SessionRecord): SessionChangeReason | null {
    const { sessionId, state, renewalOf } = record;
    const told = this.#told.get(sessionId);
    if (told === undefined) {
      if (this.#first?.has(sessionId)) return 'PRESENT';
      if (state !== 'ACTIVE') return 'ENDED';
      return renewalOf === null ? 'STARTED' : 'RENEWED';
    }
    if (told.record.state !== state && state !== 'ACTIVE') return 'ENDED';
    if (told.record.label !== record.label) return 'LABELLED';
    const isDue = state === 'ACTIVE' && !told.isExpiring && this.#isExpiring(record);
    return isDue ? 'EXPIRING' : null;
  }

  #isExpiring(record: SessionRecord): boolean {
    const { now, expiryOf, expiringMilliseconds } = this.#times;
    const expiresAt = expiryOf(record);
    return expiresAt !== null && now().getTime() >= expiresAt.getTime() - expiringMilliseconds;
  }

  /** A session that is no longer in its keyring has ended, unless a renewal took its place. */
  #nextGone(): SessionChange | null {
    const ids = new Set(this.#sessions.map(({ sessionId }) => sessionId));
    const active = new Map(
      this.#sessions.flatMap((record) =>
        record.state === 'ACTIVE' ? [[record.accountId, record]] : [],
      ),
    );
    for (const [id, { record }] of this.#told) {
      if (ids.has(id)) continue;
      this.#told.delete(id);
      const successor = active.get(record.accountId);
      const isRenewed = successor !== undefined && successor.renewalOf !== null;
      if (record.state === 'ACTIVE' && !isRenewed) {
        return { record: this.#ended(record, successor !== undefined), reason: 'ENDED' };
      }
    }
    return null;
  }

  #ended(record: SessionRecord, isReplaced: boolean): SessionRecord {
    const at = this.#times.now();
    const expiresAt = this.#times.expiryOf(record);
    const isOverdue = expiresAt !== null && expiresAt <= at;
    const gone: SessionEndReason = isOverdue ? 'IDLE' : 'LOGGED_OUT';
    return {
      ...record,
      state: 'REVOKED',
      accessToken: null,
      publicToken: null,
      refreshToken: null,
      updatedAt: at,
      endedAt: at,
      endReason: isReplaced ? 'REPLACED' : gone,
    };
  }
}
