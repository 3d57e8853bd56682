// Ends tokens at the broker: at once, and where it does not confirm that, again and again in the background.
import type { Broker } from '../brokers/broker.ts';
import { BrokerError } from '../brokers/error.ts';
import { Deadline, type Operation } from '../brokers/upstream/operation.ts';
import type { Secret } from '../brokers/upstream/secret.ts';
import type { Keyrings } from './keyring.ts';
import type { SessionRecord } from './session-record.ts';
import { KeyringStoreError } from './stores/store.ts';

/** Tokens of one account of one app. */
export interface TokensToEnd {
  /** The app they belong to. */
  readonly apiKey: string;
  /** Null where there is none to end. */
  readonly accessToken: Secret | null;
  /** Null where there is none to end. */
  readonly refreshToken: Secret | null;
}

/** What of a broker ends tokens. */
export type TokenEnder = Pick<
  Broker,
  'invalidateAccessToken' | 'invalidateRefreshToken' | 'expiryOf'
>;

/** What revocations are made of. */
export interface RevocationsOptions {
  /** Where the sessions are. */
  readonly keyrings: Keyrings;
  /** The broker. */
  readonly broker: TokenEnder;
  /** The time. */
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or when the signal fires. Never rejects. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** The most milliseconds for one try in the background. */
  readonly timeoutMilliseconds: number;
  /** The most revocations retried at once; a session beyond it is found again when its keyring is opened. */
  readonly maxPending: number;
  /** The longest pause between two tries, in seconds. */
  readonly maxPauseSeconds: number;
}

/** Ends sessions and tokens at the broker, and goes on until it confirms or they have expired. */
export interface Revocations {
  /**
   * Ends a keyring's session. Resolves with null once the broker accepts its tokens no more, else with the reason; the
   * session then stays REVOKING, and this goes on in the background.
   * @throws KeyringStoreError before the broker was asked.
   */
  endSession(
    keyringId: string,
    record: SessionRecord,
    operation: Operation,
  ): Promise<BrokerError | null>;
  /**
   * Ends tokens that are in no keyring: those that were obtained and could not be kept, and those that a login replaced
   * before their end was confirmed. Never rejects; what the broker does not confirm goes on in the background.
   */
  endTokens(tokens: TokensToEnd): Promise<void>;
  /** Goes on with the sessions of a keyring that are REVOKING, after a restart for instance. */
  resume(keyringId: string, sessions: readonly SessionRecord[]): void;
  /** Stops the tries. What a store holds is found again. */
  close(): void;
}

/** One thing that is being revoked in the background. */
interface Pending {
  /** What is still to be ended; null where nothing is. @throws KeyringStoreError */
  readonly find: () => Promise<(TokensToEnd & { readonly since: Date }) | null>;
  /** Called once, when the tokens have ended or expired. @throws KeyringStoreError */
  readonly done: () => Promise<unknown>;
}

/** Makes the revocations of a gateway. */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { keyrings, broker, now, wait, timeoutMilliseconds, maxPending, maxPauseSeconds } = options;
  const pending = new Set<string | symbol>();
  const closing = new AbortController();

  /** @throws BrokerError where the broker did not confirm. */
  async function endAtBroker(tokens: TokensToEnd, operation: Operation): Promise<void> {
    const { apiKey, accessToken, refreshToken } = tokens;
    // First: a refresh token would open the account again.
    if (refreshToken !== null) {
      await unlessRefused(broker.invalidateRefreshToken(apiKey, refreshToken, operation));
    }
    if (accessToken !== null) {
      await unlessRefused(broker.invalidateAccessToken({ apiKey, accessToken }, operation));
    }
  }

  async function withDeadline<T>(work: (operation: Operation) => Promise<T>): Promise<T> {
    // All of them take turns as one caller: they wait rather than any user.
    const deadline = new Deadline(timeoutMilliseconds, 'revocations');
    try {
      return await work(deadline);
    } finally {
      deadline.end();
    }
  }

  /** One try; whether it was the last. */
  async function tryAgain({ find, done }: Pending): Promise<boolean> {
    try {
      const tokens = await find();
      if (tokens === null) return true;
      const isExpired = now() >= broker.expiryOf(tokens.since);
      if (!isExpired) await withDeadline((operation) => endAtBroker(tokens, operation));
      await done();
      return true;
    } catch (error) {
      if (error instanceof BrokerError || error instanceof KeyringStoreError) return false;
      throw error;
    }
  }

  async function keepTrying(name: string | symbol, work: Pending): Promise<void> {
    try {
      for (let seconds = 1; ; seconds = Math.min(2 * seconds, maxPauseSeconds)) {
        await wait(seconds * 1_000, closing.signal);
        if (closing.signal.aborted || (await tryAgain(work))) return;
      }
    } finally {
      pending.delete(name);
    }
  }

  function schedule(name: string | symbol, work: Pending): void {
    if (pending.has(name) || pending.size >= maxPending || closing.signal.aborted) return;
    pending.add(name);
    // Only a fault of ours rejects here, and nobody waits for it: the session stays as it is.
    keepTrying(name, work).catch(() => undefined);
  }

  function scheduleSession(keyringId: string, record: SessionRecord): void {
    schedule(`${keyringId} ${record.key} ${record.sessionId}`, {
      find: async () => {
        const current = await keyrings.findRevoking(keyringId, record);
        return current && { ...current, since: current.revokingSince ?? current.issuedAt };
      },
      done: () => keyrings.markRevoked(keyringId, record),
    });
  }

  return {
    async endSession(keyringId, record, operation) {
      // In the store first: a process that ends now is not the end of it.
      const current = (await keyrings.markRevoking(keyringId, record)) ?? record;
      if (current.state === 'REVOKED') return null;
      try {
        await endAtBroker(current, operation);
      } catch (error) {
        scheduleSession(keyringId, current);
        if (error instanceof BrokerError) return error;
        throw error;
      }
      await keyrings.markRevoked(keyringId, current).catch(() => {
        scheduleSession(keyringId, current);
      });
      return null;
    },

    async endTokens(tokens) {
      const since = now();
      try {
        await withDeadline((operation) => endAtBroker(tokens, operation));
      } catch {
        schedule(Symbol('tokens'), {
          find: async () => ({ ...tokens, since }),
          done: async () => undefined,
        });
      }
    },

    resume(keyringId, sessions) {
      for (const session of sessions) {
        if (session.state === 'REVOKING') scheduleSession(keyringId, session);
      }
    },

    close: () => closing.abort(),
  };
}

/** A token that the broker refuses has ended. */
async function unlessRefused(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const isRefused = error instanceof BrokerError && error.code === 'token';
    if (!isRefused) throw error;
  }
}
