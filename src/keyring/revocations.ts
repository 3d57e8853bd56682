// Ends tokens at the broker: at once, and where it does not confirm that, again and again in the background. What is to
// be ended is in the store before the broker is asked, so that a restart, or another gateway, goes on with it.
import { BrokerError } from '../brokers/error.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import type { Limits } from '../limits.ts';
import type {
  EncryptedRevocations,
  Revocation,
  SessionPlace,
  TokensToEnd,
} from './crypto/encrypted-revocations.ts';
import type { Keyrings } from './keyring.ts';
import type { KeyringReport } from './report.ts';
import type { SessionEndReason, SessionRecord } from './session-record.ts';
import { KeyringStoreError } from './stores/store.ts';
import type { TokenEnds } from './token-ends.ts';

type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** What revocations are made of. */
export interface RevocationsOptions {
  /** Where the sessions are. */
  readonly keyrings: Keyrings;
  /** Where the tokens are that are still to be ended. */
  readonly list: EncryptedRevocations;
  /** What ends them at the broker. */
  readonly ends: TokenEnds;
  /** The time. */
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or when the signal fires. Never rejects. */
  readonly wait: Wait;
  /** The same, between two looks into the store. */
  readonly waitIdle: Wait;
  readonly report: (report: KeyringReport) => void;
  /** Told of each revocation that the broker has confirmed, or that has expired, in the background. */
  readonly onEnded?: (revocation: Revocation) => void;
  /** How many there may be, and how often they are tried and looked for. */
  readonly limits: Limits;
}

/** Ends sessions and tokens at the broker, and goes on until it confirms or they have expired. */
export interface Revocations {
  /**
   * Ends a keyring's session. Resolves with null once the broker accepts its tokens no more, else with the reason; the
   * session then stays REVOKING, and this goes on in the background.
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
  /** Stops the tries, and leaves what is in the store to be claimed at once. */
  close(): Promise<void>;
}

/** When a claimed revocation is due; else why it is not claimed. */
type Held = number | 'elsewhere' | 'full' | 'unavailable' | 'not-kept-by-store';

/** Makes the revocations of a gateway, and begins to look for those that an earlier process left. */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { keyrings, list, ends, now, wait, limits, report } = options;
  const maxPause = limits.revocationPauseSeconds;
  /** By their first id: what this process retries. */
  const pending = new Map<string, Revocation>();
  const underWay = new Set<Promise<void>>();
  const resumed = new Set<string>();
  const closing = new AbortController();

  /** Until when a revocation is claimed whose next step takes so many milliseconds. */
  function claimedUntil(milliseconds: number): number {
    return now().getTime() + milliseconds + limits.revocationClaimSeconds * 1_000;
  }

  function revocationOf(
    tokens: TokensToEnd,
    session: SessionPlace | null,
    reason: SessionEndReason,
    since = now(),
  ): Revocation {
    return { ids: list.ids(session), tokens, session, since, reason };
  }

  /** Puts a revocation into the store, claimed for one try. */
  async function hold(revocation: Revocation): Promise<Held> {
    const dueAt = claimedUntil(ends.timeoutMilliseconds);
    try {
      const outcome = await list.add(revocation, dueAt, limits.pendingRevocations);
      if (outcome === 'written') return dueAt;
      return outcome === 'exists' ? 'elsewhere' : outcome;
    } catch (error) {
      if (error instanceof KeyringStoreError) return 'unavailable';
      throw error;
    }
  }

  /** Begins to end a session. @throws KeyringStoreError */
  async function begin(keyringId: string, record: SessionRecord, reason: SessionEndReason) {
    const { key, sessionId, revokingSince } = record;
    const place = { keyringId, key, sessionId };
    const revocation = revocationOf(record, place, reason, revokingSince ?? now());
    // In the store first, and then in the keyring: a process that ends now is not the end of it.
    const held = await hold(revocation);
    const current = (await keyrings.markRevoking(keyringId, record, reason)) ?? record;
    return { revocation, held, current };
  }

  /** Notes that the tokens have ended. @throws KeyringStoreError */
  async function finish(revocation: Revocation): Promise<void> {
    const { session, reason } = revocation;
    // By its id alone: a later login may have been given the same token.
    const ended = session && { ...session, accessToken: null };
    if (ended) await keyrings.markRevoked(ended.keyringId, ended, reason);
    pending.delete(revocation.ids[0]);
    await list.remove(revocation);
  }

  async function keepTrying(revocation: Revocation, held: number | null, firstPause: number) {
    const { ids, tokens, since } = revocation;
    let dueAt = held;
    /** Whether it is still this process's. @throws KeyringStoreError */
    const claim = async (until: number) => {
      if (dueAt === null) return true;
      if (!(await list.postpone({ revocation, dueAt }, until))) return false;
      dueAt = until;
      return true;
    };
    for (let seconds = firstPause; ; seconds = Math.min(Math.max(1, 2 * seconds), maxPause)) {
      if (seconds > 0) {
        if (!(await unlessFailed(claim(claimedUntil(seconds * 1_000))))) return;
        await wait(seconds * 1_000, closing.signal);
      }
      if (pending.get(ids[0]) !== revocation) return;
      if (closing.signal.aborted) break;
      try {
        if (!(await claim(claimedUntil(ends.timeoutMilliseconds)))) return;
        if (now() < ends.expiryOf(since)) await ends.endInBackground(tokens);
        await finish(revocation);
        options.onEnded?.(revocation);
        return;
      } catch (error) {
        if (!(error instanceof BrokerError || error instanceof KeyringStoreError)) throw error;
      }
    }
    await unlessFailed(claim(now().getTime()));
  }

  function schedule(revocation: Revocation, held: Held, firstPause = 1): void {
    const [id] = revocation.ids;
    const isClaimed = typeof held === 'number';
    if (held === 'elsewhere') return;
    if (!isClaimed) report({ kind: 'revocation-in-memory', reason: held });
    if (!isClaimed && pending.size >= limits.pendingRevocations) return;
    pending.set(id, revocation);
    run(async () => {
      try {
        await keepTrying(revocation, isClaimed ? held : null, firstPause);
      } finally {
        if (pending.get(id) === revocation) pending.delete(id);
      }
    });
  }

  /** Runs background work; only the end of the process waits for it. */
  function run(work: () => Promise<void>): void {
    // Only a fault of ours rejects here: the session stays as it is.
    const done = work()
      .catch(() => undefined)
      .finally(() => underWay.delete(done));
    underWay.add(done);
  }

  /** Looks for what other processes left, now and then; less often while the store is down. */
  async function sweep(): Promise<void> {
    for (let seconds = limits.revocationSweepSeconds; ; ) {
      const room = limits.pendingRevocations - pending.size;
      try {
        const claimed =
          room > 0 ? await list.claim(claimedUntil(ends.timeoutMilliseconds), room) : [];
        for (const { revocation, dueAt } of claimed) schedule(revocation, dueAt, 0);
        seconds = limits.revocationSweepSeconds;
      } catch (error) {
        if (!(error instanceof KeyringStoreError)) throw error;
        seconds = Math.max(seconds, Math.min(2 * seconds, maxPause));
      }
      await options.waitIdle(seconds * 1_000, closing.signal);
      if (closing.signal.aborted) return;
    }
  }

  run(sweep);

  return {
    async endSession(keyringId, record, operation, reason = 'LOGGED_OUT') {
      const { revocation, held, current } = await begin(keyringId, record, reason);
      try {
        if (current.state !== 'REVOKED') await ends.end(current, operation);
      } catch (error) {
        schedule(revocation, held);
        if (error instanceof BrokerError) return error;
        throw error;
      }
      await finish(revocation).catch(() => schedule(revocation, held));
      return null;
    },

    async endSurplus(keyringId, surplus) {
      await Promise.all(
        surplus.map(async (record) => {
          const begun = await begin(keyringId, record, 'TOO_MANY').catch(unlessUnavailable);
          if (begun !== null) schedule(begun.revocation, begun.held, 0);
        }),
      );
    },

    async endTokens(tokens, replaced) {
      const revocation = { ...revocationOf(tokens, replaced ?? null, 'REPLACED'), session: null };
      const held = await hold(revocation);
      try {
        await ends.endInBackground(tokens);
        await finish(revocation);
      } catch {
        schedule(revocation, held);
      }
    },

    resume(keyringId, sessions) {
      for (const record of sessions) {
        const { key, sessionId, revokingSince, issuedAt, endReason } = record;
        if (record.state !== 'REVOKING' || resumed.has(sessionId)) continue;
        if (resumed.size >= limits.pendingRevocations) resumed.clear();
        resumed.add(sessionId);
        const place = { keyringId, key, sessionId };
        const since = revokingSince ?? issuedAt;
        const revocation = revocationOf(record, place, endReason ?? 'LOGGED_OUT', since);
        if (pending.has(revocation.ids[0])) continue;
        run(async () => schedule(revocation, await hold(revocation)));
      }
    },

    async close() {
      closing.abort();
      ends.abandon();
      await Promise.allSettled(underWay);
    },
  };
}

/** Null where the store is down. */
function unlessUnavailable(error: unknown): null {
  if (error instanceof KeyringStoreError) return null;
  throw error;
}

/** False where the answer is no; true where it is yes, or where the store cannot be asked. */
function unlessFailed(asked: Promise<boolean>): Promise<boolean> {
  return asked.catch((error) => {
    if (error instanceof KeyringStoreError) return true;
    throw error;
  });
}
