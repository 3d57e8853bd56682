// The sessions of a store, opened by the operator's command: without a gateway, and beside gateways that run.
import { existsSync } from 'node:fs';
import { pino } from 'pino';
import { toldExpiryOf } from '../brokers/session-expiry.ts';
import { ConfigError } from '../config/config-error.ts';
import type { StoreConfig } from '../config/store-settings.ts';
import { type AuditDigests, createAuditDigests } from '../keyring/crypto/audit-digests.ts';
import { createEncryptedDeliveries } from '../keyring/crypto/encrypted-deliveries.ts';
import {
  type Announce,
  createEncryptedRecords,
  type EncryptedRecords,
} from '../keyring/crypto/encrypted-records.ts';
import {
  createEncryptedRevocations,
  type EncryptedRevocations,
} from '../keyring/crypto/encrypted-revocations.ts';
import { createEncrypter, type Encrypter } from '../keyring/crypto/encrypter.ts';
import type { Keyrings } from '../keyring/keyring.ts';
import { createKeyrings } from '../keyring/keyrings.ts';
import type { KeyringStore, StoreListing } from '../keyring/stores/store.ts';
import { createUserSessions, type UserSessions } from '../keyring/user-sessions.ts';
import { createSessionEvents } from '../keyring/webhook/session-events.ts';
import { type Limits, withDefaultLimits } from '../limits.ts';
import { openAuditFile } from '../process/audit-log.ts';
import { openStore } from '../process/resources.ts';
import { type AuditLog, noAuditLog } from '../shared/audit.ts';

/** The sessions of a store. */
export interface OpenSessions {
  readonly store: KeyringStore;
  readonly listing: StoreListing;
  readonly encrypter: Encrypter;
  readonly records: EncryptedRecords;
  readonly revocations: EncryptedRevocations;
  readonly users: UserSessions;
  readonly keyrings: Keyrings;
  readonly limits: Limits;
  readonly digests: AuditDigests;
  readonly audit: AuditLog;
  /** Rows that did not open so far, whatever read them. */
  readonly unreadable: () => number;
  /** Closes the store and the audit log; the lines that the log did not take. */
  close(): Promise<readonly string[]>;
}

/** Opens the store that the settings name. @throws ConfigError */
export async function openSessions({
  keyring,
  auditLog,
  hasWebhook,
  limits: given,
}: StoreConfig): Promise<OpenSessions> {
  const limits = withDefaultLimits(given);
  // Opening a file would create it, and a wrong name would look like a store without sessions.
  const file = /^sqlite:(?<file>.+)$/s.exec(keyring.store)?.groups?.file;
  if (file !== undefined && !existsSync(file)) {
    throw new ConfigError(['KEYRING_STORE: there is no such SQLite file.']);
  }
  const auditFile = await openAuditFile(auditLog, limits, pino({ level: 'silent' }));
  const store = await openStore(keyring, limits);
  const { listing } = store;
  if (listing === undefined) throw new ConfigError(['KEYRING_STORE: this store has no list.']);
  const encrypter = createEncrypter(keyring.keys);
  const digests = createAuditDigests(encrypter);
  let unreadable = 0;
  const report = (event: { readonly kind: string; readonly count?: number }) => {
    if (event.kind.startsWith('unreadable')) unreadable += event.count ?? 1;
  };
  const records = createEncryptedRecords(store, encrypter, report, limits);
  const announce = hasWebhook ? announceTo(store, encrypter, limits) : undefined;
  const now = () => new Date();
  const keyrings = createKeyrings({
    store,
    encrypter,
    limits,
    now,
    ...(announce && { announce }),
  });
  return {
    store,
    listing,
    encrypter,
    records,
    revocations: createEncryptedRevocations(store, encrypter, report),
    // A command is over before the time of day has proved itself.
    users: createUserSessions(store, encrypter, records, limits, () => false),
    keyrings,
    limits,
    digests,
    audit: auditFile ?? noAuditLog,
    unreadable: () => unreadable,
    async close() {
      await keyrings.close();
      return (await auditFile?.close()) ?? [];
    },
  };
}

/** Notes what ends for the webhook of the gateways, which deliver it. */
function announceTo(store: KeyringStore, encrypter: Encrypter, limits: Limits): Announce {
  if (!store.deliveries) throw new ConfigError(['KEYRING_STORE: this store keeps no events.']);
  const lost = () => process.stderr.write('kite-graphql: an event for the webhook was lost\n');
  return createSessionEvents({
    deliveries: createEncryptedDeliveries(
      store.deliveries,
      encrypter,
      limits.webhookDays + 1,
      lost,
    ),
    now: () => new Date(),
    expiryOf: ({ broker, loginTime, issuedAt }) => toldExpiryOf(broker, loginTime ?? issuedAt),
    onLost: lost,
    limits,
  });
}
