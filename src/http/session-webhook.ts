// The webhook of sessions: notes their events in the store, delivers them, and logs what fails.
import type { Logger } from 'pino';
import type { Clock } from '../brokers/upstream/clock.ts';
import { Secret } from '../brokers/upstream/secret.ts';
import { createEncryptedDeliveries } from '../keyring/crypto/encrypted-deliveries.ts';
import type { Announce } from '../keyring/crypto/encrypted-records.ts';
import type { Encrypter } from '../keyring/crypto/encrypter.ts';
import type { Keyrings } from '../keyring/keyring.ts';
import type { SessionRecord } from '../keyring/session-record.ts';
import type { KeyringStore } from '../keyring/stores/store.ts';
import { createBell } from '../keyring/webhook/bell.ts';
import { createDeliveries, type Deliveries } from '../keyring/webhook/deliveries.ts';
import { createSessionEvents } from '../keyring/webhook/session-events.ts';
import { createWebhook } from '../keyring/webhook/webhook.ts';
import type { Limits } from '../limits.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createCauseLog } from './plugins/cause-log.ts';
import { relaySecretFault } from './relay/relay-secrets.ts';

/** What a webhook of sessions is made of. */
export interface SessionWebhookOptions {
  readonly url: string | URL;
  readonly secret: string;
  readonly store: KeyringStore;
  readonly encrypter: Encrypter;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly expiryOf: (record: SessionRecord) => Date | null;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Metrics | undefined;
}

/** A webhook of sessions. */
export interface SessionWebhook {
  /** Notes the events of changes that are about to be written. */
  readonly announce: Announce;
  /** Begins to deliver. */
  start(keyrings: Pick<Keyrings, 'read'>): Deliveries;
}

/** Makes a webhook. @throws TypeError for an invalid URL or secret, or a store that keeps no deliveries. */
export function createSessionWebhook(options: SessionWebhookOptions): SessionWebhook {
  const { store, encrypter, clock, now, expiryOf, limits, log, metrics } = options;
  const fault = relaySecretFault(options.secret);
  if (fault !== null) throw new TypeError(`webhook.secret ${fault}`);
  if (!store.deliveries) throw new TypeError('webhook needs a keyringStore with deliveries');
  const url = new URL(options.url);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError('webhook.url is not an http address');
  const secret = new Secret(options.secret);
  const onUnreadable = createCauseLog(log, 'An event for the webhook cannot be decrypted', limits);
  const onLost = createCauseLog(log, 'The store has not taken an event for the webhook', limits);
  const onFailure = createCauseLog(log, 'The webhook did not take an event', limits);
  const deliveries = createEncryptedDeliveries(
    store.deliveries,
    encrypter,
    limits.webhookDays + 1,
    (reason) => onUnreadable(reason, {}),
  );
  const bell = createBell();
  return {
    announce: createSessionEvents({
      deliveries,
      now,
      expiryOf,
      onLost(reason, type) {
        metrics?.delivery('lost');
        onLost(reason, { type });
      },
      onDue: bell.ring,
      limits,
    }),
    start: (keyrings) =>
      createDeliveries({
        list: deliveries,
        keyrings,
        webhook: createWebhook({ url, secret, limits }),
        bell,
        clock,
        now,
        onDelivered: () => metrics?.delivery('delivered'),
        onFailure(cause, attempt) {
          metrics?.delivery('failed');
          onFailure(cause, { ...attempt });
        },
        onGivenUp(id, type) {
          metrics?.delivery('given-up');
          log.error({ id, type }, 'Gave an event for the webhook up');
        },
        limits,
      }),
  };
}
