// The revocations that this process retries in the background, each claimed in the store, so that only one gateway tries it.
import { BrokerError } from '../../brokers/error.ts';
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type { EncryptedRevocations, Revocation } from '../crypto/encrypted-revocations.ts';
import type { Keyrings } from '../keyring.ts';
import type { KeyringReport } from '../report.ts';
import { createClockCheck } from '../stores/clock-check.ts';
import { KeyringStoreError } from '../stores/store.ts';
import type { TokenEnds } from './token-ends.ts';

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
  /** What tries wait by, and what the time is checked against. */
  readonly clock: Clock;
  /** Waits between two looks into the store, as the clock does. */
  readonly waitIdle: Clock['wait'];
  readonly report: (report: KeyringReport) => void;
  /** Told of each revocation that the broker has confirmed, or that has expired, in the background. */
  readonly onEnded?: (revocation: Revocation) => void;
  /** How many there may be, and how often they are tried and looked for. */
  readonly limits: Limits;
}

/** When a claimed revocation is due; else why it is not claimed. */
export type Held = number | 'elsewhere' | 'full' | 'unavailable' | 'not-kept-by-store';

/** What this process retries. */
export interface PendingRevocations {
  /** Puts a revocation into the store, claimed for one try. */
  hold(revocation: Revocation): Promise<Held>;
  /** Retries a revocation after so many seconds, and then less and less often. Default of the first pause: 1 second. */
  schedule(revocation: Revocation, held: Held, firstPause?: number): void;
  /** Notes that the tokens have ended. @throws KeyringStoreError */
  finish(revocation: Revocation): Promise<void>;
  /** How many this process retries. */
  readonly size: number;
  /** Whether this process retries the revocation of this first id. */
  has(id: string): boolean;
  /** Runs background work; only the end of the process waits for it. */
  run(work: () => Promise<void>): void;
  /** Stops the tries, and leaves what is in the store to be claimed at once. */
  close(): Promise<void>;
}

/** Makes them, and begins to look for those that an earlier process left. */
export function createPendingRevocations(options: RevocationsOptions): PendingRevocations {
  const { keyrings, list, ends, now, clock, limits, report } = options;
  const maxPause = limits.revocationPauseSeconds;
  /** By their first id. */
  const pending = new Map<string, Revocation>();
  const inFlight = new Set<Promise<void>>();
  const closing = new AbortController();
  const isClockSound = createClockCheck(clock.milliseconds);
  // The tries compare the time with this one.
  isClockSound(now().getTime());

  /** Until when a revocation is claimed whose next step takes so many milliseconds. */
  function claimedUntil(milliseconds: number): number {
    return now().getTime() + milliseconds + limits.revocationClaimSeconds * 1_000;
  }

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

  async function finish(revocation: Revocation): Promise<void> {
    const { session, reason } = revocation;
    // By its id alone: a later login may have been given the same token.
    const ended = session && { ...session, accessToken: null };
    if (ended) await keyrings.markRevoked(ended.keyringId, ended, reason);
    pending.delete(revocation.ids[0]);
    await list.remove(revocation);
  }

  /**
   * Ends the tokens. Where the broker does not confirm it, they have ended once they are expired; a clock that has jumped
   * ahead proves no expiry. @throws BrokerError where they may still work
   */
  async function endOrExpire({ tokens, since }: Revocation): Promise<void> {
    try {
      await ends.endInBackground(tokens);
    } catch (error) {
      const at = now();
      const isSound = isClockSound(at.getTime());
      const expiresAt = ends.expiryOf(tokens, since);
      const isExpired = isSound && expiresAt !== null && at >= expiresAt;
      if (!(error instanceof BrokerError) || !isExpired) throw error;
    }
  }

  async function keepTrying(revocation: Revocation, held: number | null, firstPause: number) {
    const { ids } = revocation;
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
        await clock.wait(seconds * 1_000, closing.signal);
      }
      if (pending.get(ids[0]) !== revocation) return;
      if (closing.signal.aborted) break;
      try {
        if (!(await claim(claimedUntil(ends.timeoutMilliseconds)))) return;
        await endOrExpire(revocation);
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

  function run(work: () => Promise<void>): void {
    // Only a fault of ours rejects here: the session stays as it is.
    const done = work()
      .catch(() => undefined)
      .finally(() => inFlight.delete(done));
    inFlight.add(done);
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
    hold,
    schedule,
    finish,
    get size() {
      return pending.size;
    },
    has: (id) => pending.has(id),
    run,

    async close() {
      closing.abort();
      ends.abandon();
      await Promise.allSettled(inFlight);
    },
  };
}

/** False where the answer is no; true where it is yes, or where the store cannot be asked. */
function unlessFailed(asked: Promise<boolean>): Promise<boolean> {
  return asked.catch((error) => {
    if (error instanceof KeyringStoreError) return true;
    throw error;
  });
}
