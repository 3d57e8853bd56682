// Delivers the events of the store to a webhook, in the background: each at least once, and again until it is taken.
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type {
  ClaimedDelivery,
  EncryptedDeliveries,
  SessionEvent,
} from '../crypto/encrypted-deliveries.ts';
import type { Keyrings } from '../keyring.ts';
import { day } from '../policy.ts';
import { createClockCheck } from '../stores/clock-check.ts';
import { KeyringStoreError } from '../stores/store.ts';
import type { Bell } from './bell.ts';
import type { Webhook } from './webhook.ts';

/** What deliveries are made of. */
export interface DeliveriesOptions {
  readonly list: EncryptedDeliveries;
  /** Where the sessions are. */
  readonly keyrings: Pick<Keyrings, 'read'>;
  readonly webhook: Webhook;
  /** Rings where an event is due at once. */
  readonly bell: Bell;
  readonly clock: Clock;
  readonly now: () => Date;
  /** Told of each event that the receiver took. */
  readonly onDelivered: () => void;
  /** Told of attempts that failed, and why; without one where the deliveries themselves have ended. */
  readonly onFailure: (cause: string, attempt: FailedAttempt | null) => void;
  /** Told of events that are given up. */
  readonly onGivenUp: (eventId: string, type: SessionEvent['type']) => void;
  readonly limits: Limits;
}

/** An attempt to deliver an event. */
export interface FailedAttempt {
  /** The id of the event. */
  readonly id: string;
  readonly type: SessionEvent['type'];
  /** Which attempt it was; the first is 1. */
  readonly attempt: number;
}

/** Background deliveries. */
export interface Deliveries {
  /** Stops the attempts, and leaves what is in the store to be claimed at once. */
  close(): Promise<void>;
}

/** Begins to deliver the events of a store. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { list, keyrings, webhook, bell, clock, now, limits } = options;
  const closing = new AbortController();
  const isClockSound = createClockCheck(clock.milliseconds);
  // Longer than an attempt with all that it asks of the store.
  const claimMilliseconds = (limits.webhookSeconds + 10 * limits.storeSeconds) * 1_000;

  /** The event as its session bears it out; null where it did not happen. @throws KeyringStoreError */
  async function checked({ delivery }: ClaimedDelivery): Promise<SessionEvent | null> {
    const { event, keyringId, isCertain } = delivery;
    if (isCertain) return event;
    const sessions = (await keyrings.read(keyringId, null))?.keyring.sessions ?? null;
    const session = sessions?.find(({ sessionId }) => sessionId === event.sessionId);
    const isActive = session?.state === 'ACTIVE';
    if (event.type === 'session.expiring') return isActive ? event : null;
    if (event.type === 'session.ended') {
      if (isActive) return null;
      const endReason = session?.endReason ?? event.endReason;
      return { ...event, endReason, at: session?.endedAt?.toISOString() ?? event.at };
    }
    // A keyring that is gone had its sessions logged out.
    const isRenewed = sessions?.some(({ renewalOf }) => renewalOf === event.sessionId);
    return session || isRenewed || sessions === null ? event : null;
  }

  /** Longer with each attempt: half to all of the time since the event. */
  function pauseAfter(event: SessionEvent): number {
    const age = Math.max(1_000, now().getTime() - Date.parse(event.at));
    const jitter = (1 + Math.random()) / 2;
    return jitter * Math.min(age, limits.webhookPauseSeconds * 1_000);
  }

  async function retryLater(claimed: ClaimedDelivery, event: SessionEvent): Promise<void> {
    const dueAt = Math.round(now().getTime() + pauseAfter(event));
    await list.retry(withEvent(claimed, event), dueAt, 2 * limits.webhookEvents);
  }

  async function deliver(claimed: ClaimedDelivery): Promise<void> {
    const event = await checked(claimed);
    if (event === null) return list.remove(claimed);
    const { eventId: id, attempts } = claimed.delivery;
    const body = JSON.stringify({ id, ...event });
    const cause = await webhook({ id, body, at: now() }, closing.signal);
    if (cause === null) {
      options.onDelivered();
      return list.remove(claimed);
    }
    if (closing.signal.aborted) {
      await list.postpone(claimed, now().getTime());
      return;
    }
    options.onFailure(cause, { id, type: event.type, attempt: attempts + 1 });
    const at = now().getTime();
    // A clock that has jumped ahead makes no event old.
    if (at - Date.parse(event.at) >= limits.webhookDays * day && isClockSound(at)) {
      options.onGivenUp(id, event.type);
      return list.remove(claimed);
    }
    await retryLater(claimed, event);
  }

  /** Delivers what is due; whether there may be more, null where the store is down. What was claimed is due again soon. */
  async function sweep(): Promise<boolean | null> {
    try {
      const at = now().getTime();
      isClockSound(at);
      const until = at + claimMilliseconds;
      const claimed = await list.claim(until, limits.webhookRequests);
      const done = await Promise.allSettled(claimed.map(deliver));
      const failed = done.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      return claimed.length === limits.webhookRequests;
    } catch (error) {
      if (error instanceof KeyringStoreError) return null;
      throw error;
    }
  }

  async function run(): Promise<void> {
    const maxSeconds = Math.max(limits.webhookSweepSeconds, limits.revocationPauseSeconds);
    let seconds = limits.webhookSweepSeconds;
    while (!closing.signal.aborted) {
      const isMore = await sweep();
      if (isMore === null) seconds = Math.min(2 * seconds, maxSeconds);
      else seconds = limits.webhookSweepSeconds;
      if (isMore !== true) await bell.wait(clock, seconds * 1_000, closing.signal);
    }
  }

  // Only a fault of ours rejects here: what is in the store stays, for the next process.
  const running = run().catch(() => options.onFailure('FAULT', null));

  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

function withEvent(claimed: ClaimedDelivery, event: SessionEvent): ClaimedDelivery {
  return { ...claimed, delivery: { ...claimed.delivery, event } };
}
