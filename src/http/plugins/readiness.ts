// Whether the gateway can serve browsers now: /ready, for a load balancer that sends requests where they can be answered.
import { type Clock, machineClock } from '../../brokers/upstream/clock.ts';
import type { Keyrings } from '../../keyring/keyring.ts';
import type { Limits } from '../../limits.ts';
import type { AuditLog } from '../../shared/audit.ts';

/** Why a gateway is not ready. A broker that is down is no reason: the gateway answers that it is. */
export type NotReadyReason = 'stopping' | 'keyring-store' | 'audit-log';

/** What readiness depends on. */
export interface ReadinessOptions {
  readonly keyrings: Pick<Keyrings, 'ready'>;
  readonly audit?: AuditLog | undefined;
  readonly limits: Pick<Limits, 'readinessSeconds'>;
  readonly stopping?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/** Tells why the gateway is not ready; empty where it is. Never rejects. */
export type Readiness = () => Promise<readonly NotReadyReason[]>;

/** Proves by a write that the store takes sessions. Checks that come together, or soon after, share one proof. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { keyrings, audit, limits, stopping, clock = machineClock } = options;
  let proof: Promise<boolean> | null = null;
  let provedAt = 0;

  function canStore(): Promise<boolean> {
    const now = clock.milliseconds();
    if (proof === null || now - provedAt >= limits.readinessSeconds * 1_000) {
      provedAt = now;
      proof = keyrings.ready().then(
        () => true,
        () => false,
      );
    }
    return proof;
  }

  return async () => {
    const reasons: NotReadyReason[] = [];
    if (stopping?.aborted) reasons.push('stopping');
    if (!(await canStore())) reasons.push('keyring-store');
    if (audit?.fault != null || audit?.isFull) reasons.push('audit-log');
    return reasons;
  };
}
