// What stands in the audit log for what it must not show.
import { defaultBroker } from '../../brokers/broker-name.ts';
import type { AuditDetails } from '../../shared/audit.ts';
import type { SessionRecord } from '../session-record.ts';
import type { BrokerUser } from '../user-sessions.ts';
import type { Encrypter } from './encrypter.ts';

/** Digests under the first of KEYRING_KEYS: the same for the same thing, and no way back. */
export interface AuditDigests {
  /** Of a keyring, by its id. */
  keyring(keyringId: string): string;
  /** Of a session, by its id. */
  session(sessionId: string): string;
  /** Of a user, by the broker's id. */
  user(user: BrokerUser): string;
  /** All that is recorded of a session. */
  details(keyringId: string, session: SessionRecord): AuditDetails;
}

/** 16 bytes in base64url. */
const characters = 22;

/** Makes digests with the keys of an encrypter, which has a random one where the operator sets none. */
export function createAuditDigests(encrypter: Pick<Encrypter, 'names'>): AuditDigests {
  const digest = (purpose: string, ...words: string[]) =>
    encrypter.names(`audit ${purpose}`, ...words)[0].slice(0, characters);
  const digests: AuditDigests = {
    keyring: (keyringId) => digest('keyring', keyringId),
    session: (sessionId) => digest('session', sessionId),
    // Without the broker where earlier versions, which knew one alone, wrote the same digest.
    user: ({ broker, userId }) =>
      broker === defaultBroker ? digest('user', userId) : digest('user', broker, userId),
    details: (keyringId, { sessionId, accountId, broker, userId, apiKey }) => ({
      keyring: digests.keyring(keyringId),
      session: digests.session(sessionId),
      account: digest('account', accountId),
      ...(userId !== null && { user: digests.user({ broker, userId }) }),
      app: apiKey,
    }),
  };
  return digests;
}
