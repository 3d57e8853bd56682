// Events that a webhook is still to be told, as a store keeps them: encrypted, and found without a cookie.
import { z } from 'zod';
import { day, unreadablePause } from '../policy.ts';
import type { UnreadableReason } from '../report.ts';
import { brokerName, endReasons } from '../session-record.ts';
import type {
  RevocationList,
  RevocationOutcome,
  StoredRevocation,
} from '../stores/revocation-list.ts';
import type { Binding, Encrypter } from './encrypter.ts';

const eventShape = z.object({
  type: z.enum(['session.started', 'session.expiring', 'session.ended']),
  /** When it happened. */
  at: z.iso.datetime(),
  sessionId: z.string(),
  accountId: z.string(),
  /** The session that it is a renewal of. */
  renewalOf: z.string().nullable(),
  apiKey: z.string(),
  broker: brokerName,
  /** When the session is expected to expire; null where the broker does not say. */
  expiresAt: z.iso.datetime().nullable(),
  /** Why it ended; null where it has not. */
  endReason: z.enum(endReasons).nullable(),
});
const shape = z.object({
  eventId: z.string(),
  event: eventShape,
  keyringId: z.string(),
  isCertain: z.boolean(),
  attempts: z.int().min(0).default(0),
});

/** What a receiver is told of a session: no token, and no user. */
export type SessionEvent = z.infer<typeof eventShape>;

/** An event to deliver. */
export interface Delivery {
  /** The same for the same event, however often it is delivered. */
  readonly eventId: string;
  readonly event: SessionEvent;
  /** Where the session is. */
  readonly keyringId: string;
  /** Whether it has happened. Otherwise the session has to bear it out first: the entry is older than the change. */
  readonly isCertain: boolean;
  /** How often it was sent in vain. */
  readonly attempts: number;
}

/** A delivery that this process has claimed, until `dueAt` in milliseconds since the epoch. */
export interface ClaimedDelivery {
  /** Its name in the store. */
  readonly id: string;
  readonly delivery: Delivery;
  readonly dueAt: number;
}

/** What became of a new delivery. */
export interface AddedDelivery {
  readonly outcome: RevocationOutcome;
  /** Makes it due at another time; false where it is due at another time than it was added for, or is gone. */
  postpone(dueAt: number): Promise<boolean>;
}

/** Reads and writes deliveries. Methods throw KeyringStoreError where the store is down. */
export interface EncryptedDeliveries {
  /**
   * Adds an event that its session has to bear out when it is due; one that is there already is not added again.
   * @returns beside the outcome, the way to make it due at another time, as long as no process has claimed it.
   */
  add(
    event: SessionEvent,
    keyringId: string,
    dueAt: number,
    capacity: number,
  ): Promise<AddedDelivery>;
  /** Keeps a delivery that was sent in vain, as certain, one attempt more, due at another time. */
  retry(claimed: ClaimedDelivery, dueAt: number, capacity: number): Promise<void>;
  /** Claims those that are due. One that does not open is left out and reported. */
  claim(until: number, count: number): Promise<readonly ClaimedDelivery[]>;
  /** Makes one due at another time; false where another process has it, or where it is gone. */
  postpone(claimed: ClaimedDelivery, dueAt: number): Promise<boolean>;
  /** Deletes one that is done. */
  remove(claimed: ClaimedDelivery): Promise<void>;
}

/** What the text of a delivery is bound to. */
export function deliveryBinding(id: string): Binding {
  return ['delivery', id];
}

/**
 * Deliveries over a list of the store, encrypted by `encrypter`.
 * @param lifetimeDays how long one is kept after it is first due.
 * @param onUnreadable told why a row cannot be decrypted.
 */
export function createEncryptedDeliveries(
  list: RevocationList,
  encrypter: Encrypter,
  lifetimeDays: number,
  onUnreadable: (reason: UnreadableReason) => void,
): EncryptedDeliveries {
  async function put(delivery: Delivery, dueAt: number, capacity: number) {
    const { eventId, event, isCertain, attempts } = delivery;
    const state = isCertain ? `certain ${attempts}` : 'noted';
    const [id] = encrypter.names('delivery', eventId, state);
    const encrypted = encrypter.encrypt(deliveryBinding(id), delivery);
    const first = Math.max(dueAt, Date.parse(event.at));
    const expiresAt = first + lifetimeDays * day;
    return { id, outcome: await list.add({ id, encrypted, dueAt, expiresAt }, capacity) };
  }

  function decrypt({ id, encrypted, dueAt }: StoredRevocation): ClaimedDelivery | null {
    const opened = encrypter.decrypt(deliveryBinding(id), encrypted);
    const parsed = opened.ok ? shape.safeParse(opened.value) : null;
    if (parsed?.success) return { id, dueAt, delivery: parsed.data };
    onUnreadable(opened.ok ? 'malformed' : opened.reason);
    return null;
  }

  return {
    async add(event, keyringId, dueAt, capacity) {
      const [eventId] = encrypter.names('event', event.type, event.sessionId);
      const delivery = { eventId, event, keyringId, isCertain: false, attempts: 0 };
      const { id, outcome } = await put(delivery, dueAt, capacity);
      return { outcome, postpone: (next) => list.postpone(id, dueAt, next) };
    },

    async retry(claimed, dueAt, capacity) {
      const { delivery } = claimed;
      const next = { ...delivery, isCertain: true, attempts: delivery.attempts + 1 };
      // First: a process that ends between the two delivers it twice rather than never.
      const { outcome } = await put(next, dueAt, capacity);
      if (outcome === 'full') await list.postpone(claimed.id, claimed.dueAt, dueAt);
      else await list.remove([claimed.id]);
    },

    async claim(until, count) {
      for (;;) {
        const rows = await list.claim(until, count);
        const claimed = rows.map(decrypt).filter((delivery) => delivery !== null);
        const readable = new Set(claimed.map(({ id }) => id));
        // Left to a process that has their key, and out of the way of the others.
        for (const { id, dueAt } of rows)
          if (!readable.has(id)) await list.postpone(id, dueAt, dueAt + unreadablePause);
        if (claimed.length > 0 || rows.length < count) return claimed;
      }
    },

    postpone: ({ id, dueAt }, next) => list.postpone(id, dueAt, next),
    remove: ({ id }) => list.remove([id]),
  };
}
