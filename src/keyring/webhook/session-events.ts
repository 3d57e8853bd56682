// Which events a change of a session is, and the notes of them in the store: before the change is written, so that a
// process that ends in between loses none.
import type { Limits } from '../../limits.ts';
import type { EncryptedDeliveries, SessionEvent } from '../crypto/encrypted-deliveries.ts';
import type { Announce } from '../crypto/encrypted-records.ts';
import type { SessionRecord } from '../session-record.ts';
import { KeyringStoreError } from '../stores/store.ts';

/** What notes of events are made of. */
export interface SessionEventsOptions {
  readonly deliveries: EncryptedDeliveries;
  readonly now: () => Date;
  /** When a session is expected to expire; null where its broker does not say. */
  readonly expiryOf: (record: SessionRecord) => Date | null;
  /** Told of events that could not be noted, and are lost. */
  readonly onLost: (reason: 'full' | 'unavailable', type: SessionEvent['type']) => void;
  /** Called where events are due at once. */
  readonly onDue?: () => void;
  readonly limits: Pick<Limits, 'webhookEvents' | 'storeSeconds' | 'sessionExpiringMinutes'>;
}

/** Notes the events of changes to sessions. */
export function createSessionEvents(options: SessionEventsOptions): Announce {
  const { deliveries, now, expiryOf, onLost, limits } = options;

  function eventOf(
    type: SessionEvent['type'],
    record: SessionRecord,
    at: Date,
    endReason: SessionEvent['endReason'] = null,
  ): SessionEvent {
    const { sessionId, accountId, renewalOf, broker, apiKey } = record;
    const expiresAt = expiryOf(record)?.toISOString() ?? null;
    const about = { sessionId, accountId, renewalOf, apiKey, broker, expiresAt, endReason };
    return { type, at: at.toISOString(), ...about };
  }

  function eventsOf(before: SessionRecord | null, after: SessionRecord): readonly SessionEvent[] {
    const isOther = before?.sessionId !== after.sessionId;
    const events: SessionEvent[] = [];
    if (isOther && after.state === 'ACTIVE') {
      events.push(eventOf('session.started', after, after.issuedAt));
      const expiresAt = expiryOf(after);
      if (expiresAt !== null) {
        const expiring = expiresAt.getTime() - limits.sessionExpiringMinutes * 60_000;
        const soon = new Date(Math.max(expiring, after.issuedAt.getTime()));
        events.push(eventOf('session.expiring', after, soon));
      }
    }
    if (before?.state !== 'ACTIVE') return events;
    if (!isOther && after.state !== 'ACTIVE') {
      events.push(eventOf('session.ended', after, after.endedAt ?? now(), after.endReason));
    } else if (isOther && after.renewalOf !== before.sessionId) {
      events.push(eventOf('session.ended', before, after.issuedAt, 'REPLACED'));
    }
    return events;
  }

  /** Notes an event; the way to make it due at once, null where it is not to be sent now. */
  async function note(keyringId: string, event: SessionEvent) {
    const isLater = event.type === 'session.expiring';
    // By then the write that follows has come to its end.
    const settled = now().getTime() + 2 * limits.storeSeconds * 1_000;
    const dueAt = isLater ? Math.max(settled, Date.parse(event.at)) : settled;
    const { webhookEvents } = limits;
    const capacity = isLater ? Math.floor(webhookEvents / 2) : webhookEvents;
    try {
      const added = await deliveries.add(event, keyringId, dueAt, capacity);
      if (added.outcome === 'full') onLost('full', event.type);
      return isLater || added.outcome !== 'written' ? null : added.postpone;
    } catch (error) {
      // The change itself may still succeed: an event is no reason to refuse a login.
      if (!(error instanceof KeyringStoreError)) throw error;
      onLost('unavailable', event.type);
      return null;
    }
  }

  /** The change is written. Where this fails, the events are sent when they are due. */
  async function sendNow(noted: readonly ((dueAt: number) => Promise<boolean>)[]): Promise<void> {
    const at = now().getTime();
    await Promise.allSettled(noted.map((postpone) => postpone(at)));
    if (noted.length > 0) options.onDue?.();
  }

  return async (keyringId, changes) => {
    const events = changes.flatMap(({ before = null, record }) => eventsOf(before, record));
    const noted = await Promise.all(events.map((event) => note(keyringId, event)));
    return () => void sendNow(noted.filter((postpone) => postpone !== null));
  };
}
