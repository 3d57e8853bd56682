// Ends tokens at the broker: at once, and where it does not confirm that, again and again in the background. What is to
// be ended is in the store before the broker is asked, so that a restart, or another gateway, goes on with it.
import { BrokerError } from '../../brokers/error.ts';
import type { Operation } from '../../brokers/upstream/operation.ts';
import type { Revocation, SessionPlace, TokensToEnd } from '../crypto/encrypted-revocations.ts';
import type { SessionEndReason, SessionRecord } from '../session-record.ts';
import { KeyringStoreError } from '../stores/store.ts';
import { type BegunEnd, beginEnds } from './begun-ends.ts';
import {
  createPendingRevocations,
  type Held,
  type RevocationsOptions,
} from './pending-revocations.ts';

/** Ends sessions and tokens at the broker, and goes on until it confirms or they have expired. */
export interface Revocations {
  /**
   * Ends a keyring's session, and what renewals have put in its place meanwhile. Resolves with null once the broker
   * accepts its tokens no more, else with the reason; the session then stays REVOKING, and this goes on in the
   * background.
   * @param reason why it ends. Default: its user logs it out.
   * @throws KeyringStoreError before the broker was asked.
   */
  endSession(
    keyringId: string,
    record: SessionRecord,
    operation: Operation,
    reason?: SessionEndReason,
  ): Promise<BrokerError | null>;
  /**
   * Ends tokens that are in no keyring: those that were obtained and could not be kept, and those that a login replaced
   * before their end was confirmed. Never rejects; what the broker does not confirm goes on in the background.
   * @param replaced where the session was that a login replaced.
   */
  endTokens(tokens: TokensToEnd, replaced?: SessionPlace): Promise<void>;
  /**
   * Ends sessions of a keyring that has too many, in the background. Where the store is down they stay, until the next
   * login finds them. Never rejects.
   */
  endSurplus(keyringId: string, surplus: readonly SessionRecord[]): Promise<void>;
  /** Goes on with the sessions of a keyring that are REVOKING and not in the list, as earlier versions had none. */
  resume(keyringId: string, sessions: readonly SessionRecord[]): void;
  /** How many this process retries in the background. */
  readonly pending: number;
  /** Stops the tries, and leaves what is in the store to be claimed at once. */
  close(): Promise<void>;
}

/** A revocation in the store. */
interface Holding {
  readonly revocation: Revocation;
  readonly outcome: Held;
}

/** Makes the revocations of a gateway, and begins to look for those that an earlier process left. */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { keyrings, list, ends, now, limits } = options;
  const pending = createPendingRevocations(options);
  const resumed = new Set<string>();
  /** The sessions of opened keyrings of which none is REVOKING. */
  const settled = new WeakSet<readonly SessionRecord[]>();

  function revocationOf(
    tokens: TokensToEnd,
    session: SessionPlace | null,
    reason: SessionEndReason,
    since = now(),
  ): Revocation {
    return { ids: list.ids(session), tokens, session, since, reason };
  }

  /** Begins to end a session, and its renewals. @throws KeyringStoreError */
  async function begin(keyringId: string, record: SessionRecord, reason: SessionEndReason) {
    const hold = async (session: SessionRecord) => {
      const { key, sessionId, revokingSince } = session;
      const place = { keyringId, key, sessionId };
      const revocation = revocationOf(session, place, reason, revokingSince ?? now());
      return { revocation, outcome: await pending.hold(revocation) };
    };
    const maxTries = limits.storeTries;
    return beginEnds({ keyrings, keyringId, reason, maxTries, hold }, record);
  }

  /** Ends what has begun to end, at the broker; null once it has confirmed that. */
  async function end({ record, held }: BegunEnd<Holding>, operation: Operation) {
    const { revocation, outcome } = held;
    try {
      if (record.state !== 'REVOKED') await ends.end(record, operation);
    } catch (error) {
      pending.schedule(revocation, outcome);
      if (error instanceof BrokerError) return error;
      throw error;
    }
    await pending.finish(revocation).catch(() => pending.schedule(revocation, outcome));
    return null;
  }

  return {
    async endSession(keyringId, record, operation, reason = 'LOGGED_OUT') {
      const begun = await begin(keyringId, record, reason);
      const unconfirmed = await Promise.all(begun.map((one) => end(one, operation)));
      return unconfirmed.find((error) => error !== null) ?? null;
    },

    async endSurplus(keyringId, surplus) {
      await Promise.all(
        surplus.map(async (record) => {
          const begun = await begin(keyringId, record, 'TOO_MANY').catch(unlessUnavailable);
          for (const { held } of begun ?? []) pending.schedule(held.revocation, held.outcome, 0);
        }),
      );
    },

    async endTokens(tokens, replaced) {
      const revocation = { ...revocationOf(tokens, replaced ?? null, 'REPLACED'), session: null };
      const held = await pending.hold(revocation);
      try {
        await ends.endInBackground(tokens);
        await pending.finish(revocation);
      } catch {
        pending.schedule(revocation, held);
      }
    },

    resume(keyringId, sessions) {
      if (settled.has(sessions)) return;
      if (!sessions.some(({ state }) => state === 'REVOKING')) {
        settled.add(sessions);
        return;
      }
      for (const record of sessions) {
        const { key, sessionId, revokingSince, issuedAt, endReason } = record;
        if (record.state !== 'REVOKING' || resumed.has(sessionId)) continue;
        if (resumed.size >= limits.pendingRevocations) resumed.clear();
        resumed.add(sessionId);
        const place = { keyringId, key, sessionId };
        const since = revokingSince ?? issuedAt;
        const revocation = revocationOf(record, place, endReason ?? 'LOGGED_OUT', since);
        if (pending.has(revocation.ids[0])) continue;
        pending.run(async () => pending.schedule(revocation, await pending.hold(revocation)));
      }
    },

    get pending() {
      return pending.size;
    },

    close: () => pending.close(),
  };
}

/** Null where the store is down. */
function unlessUnavailable(error: unknown): null {
  if (error instanceof KeyringStoreError) return null;
  throw error;
}
