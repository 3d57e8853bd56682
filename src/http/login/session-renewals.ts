// Renews sessions of keyrings: one call for all who ask at once, and what the broker keeps is what the keyring keeps.

import type { BrokerSession } from '../../brokers/answers.ts';
import type { Proof } from '../../brokers/broker.ts';
import type { Brokers } from '../../brokers/brokers.ts';
import { credentialOf, type TokenOwner } from '../../brokers/credential.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline, type Operation } from '../../brokers/upstream/operation.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import type { RenewalOutcome } from '../../browser-keyring.ts';
import type { TokensToEnd } from '../../keyring/crypto/encrypted-revocations.ts';
import type { Keyrings } from '../../keyring/keyring.ts';
import type { Revocations } from '../../keyring/revocations/revocations.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';

/** What renewals are made of. */
export interface SessionRenewalsOptions {
  readonly broker: Brokers;
  readonly keyrings: Keyrings;
  readonly revocations: Revocations;
  /** Milliseconds for one renewal. */
  readonly timeoutMilliseconds: number;
}

/** A session to renew. */
export interface RenewalRequest {
  readonly keyringId: string;
  readonly record: SessionRecord;
  readonly refreshToken: Secret;
  readonly proof: Proof;
  /** Who takes turns for it. */
  readonly callerId: string;
  /** Goes into log lines. */
  readonly requestId: string;
}

/**
 * Renews a keyring's session; null where it ended meanwhile, or a later login replaced it, and `keyring-unavailable` where
 * the store could not keep it, so that the broker was not asked.
 * @throws BrokerError, KeyringStoreError once the broker has been asked
 */
export type SessionRenewals = (request: RenewalRequest) => Promise<RenewalOutcome>;

/** Makes the renewals of a gateway. */
export function createSessionRenewals(options: SessionRenewalsOptions): SessionRenewals {
  const { broker, keyrings, revocations, timeoutMilliseconds } = options;
  const inFlight = new Map<string, Promise<RenewalOutcome>>();

  async function renew(request: RenewalRequest): Promise<RenewalOutcome> {
    const { record, refreshToken, proof, callerId, requestId } = request;
    try {
      // A refresh token may work once: it is not spent on a session that cannot be kept.
      await keyrings.ready();
    } catch (error) {
      if (error instanceof KeyringStoreError) return 'keyring-unavailable';
      throw error;
    }
    const deadline = new Deadline(timeoutMilliseconds, callerId, requestId);
    try {
      const session = await broker.renewSession(record.apiKey, refreshToken, proof, deadline);
      const kept = await keep(request, session, deadline);
      return kept && { record: kept, session };
    } finally {
      deadline.end();
    }
  }

  async function keep(
    { keyringId, record }: RenewalRequest,
    session: BrokerSession,
    operation: Operation,
  ): Promise<SessionRecord | null> {
    const { broker: name, apiKey } = record;
    const own = { ...session, broker: name, apiKey };
    try {
      const renewal = await keyrings.renew(keyringId, record, session);
      if (renewal.record !== null) return renewal.record;
      const { rival } = renewal;
      if (rival === null) {
        await endTokens(own, record.refreshToken);
        return null;
      }
      // Another replica renewed the same session. The broker may have ended either token, and only it knows which.
      if (!(await isAccepted(own, session, operation))) return rival;
      const later = await keyrings.renew(keyringId, rival, session, record.sessionId);
      if (later.record === null) {
        await endTokens(own, record.refreshToken);
        return rival;
      }
      await endTokens(rival, later.record.refreshToken);
      return later.record;
    } catch (error) {
      await endTokens(own, record.refreshToken);
      throw error;
    }
  }

  /** Gives tokens back to the broker, but for a refresh token that is still kept. */
  function endTokens(tokens: TokensToEnd, kept: Secret | null): Promise<void> {
    const { refreshToken } = tokens;
    const isKept = refreshToken?.reveal() === kept?.reveal();
    return revocations.endTokens({ ...tokens, refreshToken: isKept ? null : refreshToken });
  }

  /** Whether the broker accepts the token of a session. Not where it does not say: the token stays as it is. */
  async function isAccepted(
    owner: TokenOwner,
    { accessToken }: BrokerSession,
    operation: Operation,
  ) {
    try {
      const credential = credentialOf(owner, accessToken);
      await broker.of(owner.broker).profile(credential, operation);
      return true;
    } catch (error) {
      if (error instanceof BrokerError) return false;
      throw error;
    }
  }

  return (request) => {
    const name = `${request.keyringId} ${request.record.sessionId}`;
    const known = inFlight.get(name);
    if (known !== undefined) return known;
    const renewal = renew(request).finally(() => inFlight.delete(name));
    inFlight.set(name, renewal);
    return renewal;
  };
}
