// What the gateway tells its metrics. What becomes of it is theirs: nothing here knows Prometheus.

import type { BrokerName } from '../brokers/broker-name.ts';
import type { Budget } from '../brokers/budget.ts';
import type { CallFollower } from '../brokers/upstream/report/call-followers.ts';
import type { ReadSource } from '../brokers/upstream/report/operation-cost.ts';
import type { AuditEvent } from '../shared/audit.ts';

/** An operation that is over. */
export interface FinishedOperation {
  /** The name of the operation that was executed; null where it has none, undefined where none was executed. */
  readonly name: string | null | undefined;
  /** The codes of its errors, the first one first; empty where everything succeeded. */
  readonly codes: readonly string[];
  readonly milliseconds: number;
  /** Whether its answer is a stream of events, which has no usual length. */
  readonly isSubscription: boolean;
}

/** An answer that is open for as long as its client listens. */
export type StreamKind = 'subscription' | 'parts';

/** An app whose budget has a row of its own. */
export interface MeasuredApp {
  readonly broker: BrokerName;
  readonly apiKey: string;
}

/** How many sessions and how much work a store holds. */
export interface StoreCounts {
  readonly sessions: Readonly<Record<string, number>>;
  /** Sessions that no key opens: no state counts them. */
  readonly unreadable: number;
  readonly due: Readonly<Record<string, number>>;
  /** Whether all of the store was counted. */
  readonly isWhole: boolean;
}

/** What is read whenever the metrics are. */
export interface GaugeSources {
  readonly apps: readonly MeasuredApp[];
  /** The budget of an app; with null, of all apps of a broker that are not named. */
  readonly budgetOf: (broker: BrokerName, apiKey: string | null) => Promise<Budget> | Budget;
  /** Logouts that this process retries. */
  readonly pendingRevocations: () => number;
  /** Watched accounts: polled by this process, and followed, which another replica polls. */
  readonly watchedAccounts: () => Readonly<Record<'polled' | 'followed', number>>;
  /** Null where the store was not counted. */
  readonly storeCounts: () => StoreCounts | null;
}

/** Takes what the gateway tells. Every method returns at once and never throws. */
export interface Metrics {
  /** Follows the calls to a broker. */
  readonly followCall: CallFollower;
  operation(finished: FinishedOperation): void;
  stream(kind: StreamKind, change: 1 | -1): void;
  read(source: ReadSource): void;
  /** A 429, or a 503 with a time, has closed the budget of an app. */
  budgetClosed(broker: BrokerName, apiKey: string): void;
  storeCall(method: string, milliseconds: number, isFailed: boolean): void;
  event(event: AuditEvent): void;
  /** Rows of a browser's sessions did not open when they were read. */
  unreadable(reason: string, count: number): void;
  delivery(outcome: 'delivered' | 'failed' | 'given-up' | 'lost'): void;
  /** A message of another replica about a watched account was ignored. */
  pollMessageIgnored(reason: string): void;
  /** Gives the way to what is read whenever the metrics are. */
  watch(sources: GaugeSources): void;
}
