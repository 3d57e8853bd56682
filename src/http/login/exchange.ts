// The exchange of a login: its request token for a session, which a keyring keeps, or which is ended at the broker.
import type { BrokerSession } from '../../brokers/answers.ts';
import type { Apps } from '../../brokers/apps.ts';
import type { Brokers } from '../../brokers/brokers.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline } from '../../brokers/upstream/operation.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import type { LoginFailure } from '../../browser-keyring.ts';
import type { Added, Keyrings } from '../../keyring/keyring.ts';
import type { Revocations } from '../../keyring/revocations/revocations.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { callerIdOf } from '../request/caller-id.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { FoundLogin } from './pending-logins.ts';

/** What an exchange uses. */
export interface ExchangeOptions {
  readonly broker: Brokers;
  readonly apps: Apps;
  readonly keyrings: Keyrings;
  readonly revocations: Revocations;
  /** Milliseconds for one login, waiting for a turn included. */
  readonly timeoutMilliseconds: number;
}

/** A session that is in the browser's keyring. */
export interface Kept {
  readonly added: Added;
  readonly session: BrokerSession;
}

/** Redeems the token and keeps the session. It runs to its end, also where the browser leaves meanwhile. */
export async function exchange(
  { broker, apps, keyrings, revocations, timeoutMilliseconds }: ExchangeOptions,
  { device, requestId }: KeyringRequest,
  cookie: Secret | null,
  login: FoundLogin,
  requestToken: Secret,
  loginId: string,
): Promise<Kept | LoginFailure> {
  const { apiKey } = login;
  const apiSecret = apps.find(apiKey)?.apiSecret;
  if (apiSecret === undefined) return { reason: 'unknown-login' };
  const callerId = callerIdOf(null, device);
  const deadline = new Deadline(timeoutMilliseconds, callerId, requestId);
  try {
    // Kite takes the token once: it is not spent where its session could not be kept.
    await keyrings.ready();
    const session = await broker.exchangeToken(apiKey, requestToken, { apiSecret }, deadline);
    try {
      const { userId } = session;
      const added = await keyrings.add(cookie, { apiKey, userId, session, loginId }, device);
      // The end of what it replaced waited for Kite in the same row: that goes on without one.
      const { replaced, keyringId, surplus } = added;
      if (replaced?.state === 'REVOKING') {
        void revocations.endTokens(replaced, { ...replaced, keyringId });
      }
      await revocations.endSurplus(keyringId, surplus);
      return { added, session };
    } catch (error) {
      await revocations.endTokens({ apiKey, ...session });
      if (error instanceof KeyringStoreError) {
        return { reason: 'keyring-unavailable', isTokenSpent: true };
      }
      throw error;
    }
  } catch (error) {
    if (error instanceof BrokerError) return { reason: 'broker', error, apiKey };
    if (error instanceof KeyringStoreError) {
      return { reason: 'keyring-unavailable', isTokenSpent: false };
    }
    throw error;
  } finally {
    deadline.end();
  }
}
