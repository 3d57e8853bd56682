// Ends tokens at the broker, once.
import type { Brokers } from '../../brokers/brokers.ts';
import { credentialOf } from '../../brokers/credential.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline, type Operation } from '../../brokers/upstream/operation.ts';
import type { TokensToEnd } from '../crypto/encrypted-revocations.ts';

/** Ends tokens; a token that the broker refuses has ended. */
export interface TokenEnds {
  /** The most milliseconds for one try in the background. */
  readonly timeoutMilliseconds: number;
  /** When tokens that worked at a time have expired; null where the broker does not say. */
  expiryOf(tokens: TokensToEnd, since: Date): Date | null;
  /** @throws BrokerError where the broker did not confirm. */
  end(tokens: TokensToEnd, operation: Operation): Promise<void>;
  /** The same, for no request. */
  endInBackground(tokens: TokensToEnd): Promise<void>;
  /** Cuts those in the background off. */
  abandon(): void;
}

/** Ends tokens at the brokers that they are of. */
export function createTokenEnds(
  brokers: Pick<Brokers, 'of'>,
  timeoutMilliseconds: number,
): TokenEnds {
  const deadlines = new Set<Deadline>();

  async function end(tokens: TokensToEnd, operation: Operation) {
    const { apiKey, accessToken, refreshToken } = tokens;
    const broker = brokers.of(tokens.broker);
    // First: a refresh token would open the account again.
    if (refreshToken !== null) {
      await unlessRefused(broker.invalidateRefreshToken(apiKey, refreshToken, operation));
    }
    if (accessToken !== null) {
      await unlessRefused(
        broker.invalidateAccessToken(credentialOf(tokens, accessToken), operation),
      );
    }
  }

  return {
    timeoutMilliseconds,
    expiryOf: (tokens, since) => brokers.of(tokens.broker).toldExpiryOf(since),
    end,
    async endInBackground(tokens) {
      // All of them take turns as one caller: they wait rather than any user.
      const deadline = new Deadline(timeoutMilliseconds, 'revocations');
      deadlines.add(deadline);
      try {
        await end(tokens, deadline);
      } finally {
        deadlines.delete(deadline);
        deadline.end();
      }
    },
    abandon() {
      for (const deadline of deadlines) deadline.abandon();
    },
  };
}

async function unlessRefused(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const isRefused = error instanceof BrokerError && error.code === 'token';
    if (!isRefused) throw error;
  }
}
