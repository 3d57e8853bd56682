// What the HTTP layer records in the audit log. What a stranger can cause at will has a line each, until an address causes
// so many of one kind in a minute that they are counted.
import type { Clock } from '../brokers/upstream/clock.ts';
import { type AuditDigests, createAuditDigests } from '../keyring/crypto/audit-digests.ts';
import type { Encrypter } from '../keyring/crypto/encrypter.ts';
import type { Limits } from '../limits.ts';
import type { AuditEvent, AuditLog } from '../shared/audit.ts';
import { FailureLog } from './limits/failure-log.ts';
import { networkOf } from './request/client-info.ts';

/** The request that an event belongs to. */
export interface AuditedRequest {
  readonly requestId: string;
  readonly address: string | null;
}

/** An event of a request that failed or was refused. */
export type FailureEvent = AuditEvent & AuditedRequest & { readonly code: string };

/** Records events. */
export interface Audit extends AuditLog {
  /** Records a failure, by a line or by a count. */
  fail(event: FailureEvent): void;
  readonly digests: AuditDigests;
  readonly isFull: boolean;
  /** Records what was counted so far. */
  close(): void;
}

/**
 * Records in `log`, with digests under the keys of `encrypter`.
 * @param told takes every event, also those that have no line of their own.
 */
export function createAudit(
  log: AuditLog,
  encrypter: Pick<Encrypter, 'names'>,
  limits: Limits,
  clock: Clock | undefined,
  told?: (event: AuditEvent) => void,
): Audit {
  const digests = createAuditDigests(encrypter);
  const record = (fields: object) =>
    log.write('count' in fields ? summary(fields) : asEvent(fields));
  const sink = { debug: () => undefined, info: record, warn: record, error: record };
  const failures = new FailureLog(sink, limits, clock);
  return {
    write(event) {
      told?.(event);
      log.write(event);
    },
    fail(event) {
      told?.(event);
      const { requestId, address, code } = event;
      // A customer has a whole IPv6 network: its addresses are one sender, as wherever else senders are counted.
      const sender = address === null ? '' : networkOf(address);
      const kind = `${event.event} ${event.outcome} ${code} ${sender}`;
      failures.write({ requestId, address, code: kind }, event, event.event);
    },
    digests,
    get isFull() {
      return log.isFull ?? false;
    },
    close: () => failures.close(),
  };
}

/** Only events come this way: `fail` takes nothing else. */
function asEvent(fields: object): AuditEvent {
  return fields as AuditEvent;
}

/** The line that counts the events of one address and kind. */
function summary(fields: object): AuditEvent {
  const { code: kind, failure: _, ...counted } = fields as { code: string; failure: string };
  const [event, outcome, code, address] = kind.split(' ');
  const of = address ? { address } : {};
  return asEvent({ event, outcome, code, ...of, ...counted });
}
