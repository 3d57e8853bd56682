// What one operation costs, counted where it asked for that: the calls of each app, those it was spared, and its waiting.
import { type BrokerName, defaultBroker } from '../../broker-name.ts';
import type { CallReport } from './call-report.ts';

/** Where an answer comes from: a call, a call that another read has begun, or an answer that is held. */
export type ReadSource = 'call' | 'shared' | 'held';

/** The app that something is counted for. */
export interface CostedApp {
  readonly broker?: BrokerName | undefined;
  readonly apiKey: string;
}

/** What an operation cost with one app. */
export interface AppCost {
  readonly broker: BrokerName;
  readonly apiKey: string;
  /** Calls to the broker, second attempts included. */
  calls: number;
  /** Answers of calls that another operation made. */
  shared: number;
  /** Answers that were held, and young enough. */
  held: number;
  /** How long its calls waited for their turns, one by one and in all. */
  waitedMilliseconds: number;
}

/** Counts what one operation costs. */
export class OperationCost {
  readonly #apps = new Map<string, AppCost>();

  /** By app, in the order of their first reads. */
  get apps(): readonly AppCost[] {
    return [...this.#apps.values()];
  }

  /** Notes an answer that needed no call of its own. */
  spare(app: CostedApp, source: Exclude<ReadSource, 'call'>): void {
    this.#of(app)[source] += 1;
  }

  /** Follows a call of the operation. */
  follow(broker: BrokerName, apiKey: string): CallReport {
    const cost = this.#of({ broker, apiKey });
    return {
      started(waitedMilliseconds) {
        cost.calls += 1;
        cost.waitedMilliseconds += waitedMilliseconds;
      },
      ended() {},
    };
  }

  #of({ broker = defaultBroker, apiKey }: CostedApp): AppCost {
    const key = `${broker} ${apiKey}`;
    const known = this.#apps.get(key);
    if (known !== undefined) return known;
    const made = { broker, apiKey, calls: 0, shared: 0, held: 0, waitedMilliseconds: 0 };
    this.#apps.set(key, made);
    return made;
  }
}
