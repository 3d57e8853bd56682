// A session that a broker hands over: kept in the keyring of the browser that logged in, or else ended at the broker.
import type { BrokerSession } from '../../brokers/answers.ts';
import type { BrokerApp } from '../../brokers/apps.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline, type Operation } from '../../brokers/upstream/operation.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import type { LoginFailure } from '../../browser-keyring.ts';
import type { Added, Keyrings } from '../../keyring/keyring.ts';
import type { Revocations } from '../../keyring/revocations/revocations.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { callerIdOf } from '../request/client-info.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';

/** Where sessions are kept. */
export interface KeptSessionOptions {
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

/** The last step of a login: it asks the broker for the session, under the operation's deadline. */
export type ObtainSession = (operation: Operation) => Promise<BrokerSession>;

/** A login, as far as it is known before its last step. */
export interface LoginToKeep extends Pick<BrokerApp, 'broker' | 'apiKey'> {
  /** Names it among all others; left out where it cannot come twice. */
  readonly loginId?: string;
}

/**
 * Obtains the session and keeps it. It runs to its end, also where the browser leaves meanwhile. Nothing is obtained where
 * the store could not keep it, and what could not be kept after all is ended at the broker.
 */
export async function obtainAndKeep(
  { keyrings, revocations, timeoutMilliseconds }: KeptSessionOptions,
  request: KeyringRequest,
  cookie: Secret | null,
  login: LoginToKeep,
  obtain: ObtainSession,
): Promise<Kept | LoginFailure> {
  const { broker, apiKey } = login;
  return loginStep<Kept | LoginFailure>(timeoutMilliseconds, request, apiKey, async (deadline) => {
    // What a login spends works once: it is not spent where the session could not be kept.
    await keyrings.ready();
    const session = await obtain(deadline);
    try {
      const added = await keyrings.add(cookie, { ...login, session }, request.device);
      // The end of what it replaced waited for the broker in the same row: that goes on without one.
      const { replaced, keyringId, surplus } = added;
      if (replaced?.state === 'REVOKING') {
        void revocations.endTokens(replaced, { ...replaced, keyringId });
      }
      await revocations.endSurplus(keyringId, surplus);
      return { added, session };
    } catch (error) {
      await revocations.endTokens({ broker, apiKey, ...session });
      if (error instanceof KeyringStoreError) {
        return { reason: 'keyring-unavailable', isTokenSpent: true };
      }
      throw error;
    }
  });
}

/**
 * Does a step of a login, under a deadline of its own. A refusal of the broker and a store that cannot be reached are
 * answers; any other error is thrown.
 * @param timeoutMilliseconds for the step, waiting for a turn included.
 */
export async function loginStep<Result>(
  timeoutMilliseconds: number,
  { device, requestId }: KeyringRequest,
  apiKey: string,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result | LoginFailure> {
  const deadline = new Deadline(timeoutMilliseconds, callerIdOf(null, device), requestId);
  try {
    return await work(deadline);
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
