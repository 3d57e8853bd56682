// Ends tokens at the broker, once.
import type { Broker } from '../../brokers/broker.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline, type Operation } from '../../brokers/upstream/operation.ts';
import type { TokensToEnd } from '../crypto/encrypted-revocations.ts';

/** Ends tokens; a token that the broker refuses has ended. */
export interface TokenEnds {
  /** The most milliseconds for one try in the background. */
  readonly timeoutMilliseconds: number;
  /** When tokens that worked at a time have expired. */
  expiryOf(since: Date): Date;
  /** @throws BrokerError where the broker did not confirm. */
  end(tokens: TokensToEnd, operation: Operation): Promise<void>;
  /** The same, for no request. */
  endInBackground(tokens: TokensToEnd): Promise<void>;
  /** Cuts those in the background off. */
  abandon(): void;
}

/** Ends tokens at a broker. */
export function createTokenEnds(
  broker: Pick<Broker, 'invalidateAccessToken' | 'invalidateRefreshToken' | 'expiryOf'>,
  timeoutMilliseconds: number,
): TokenEnds {
  const deadlines = new Set<Deadline>();

  async function end({ apiKey, accessToken, refreshToken }: TokensToEnd, operation: Operation) {
    // First: a refresh token would open the account again.
    if (refreshToken !== null) {
      await unlessRefused(broker.invalidateRefreshToken(apiKey, refreshToken, operation));
    }
    if (accessToken !== null) {
      await unlessRefused(broker.invalidateAccessToken({ apiKey, accessToken }, operation));
    }
  }

  return {
    timeoutMilliseconds,
    expiryOf: (since) => broker.expiryOf(since),
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
