// The calls in flight over all apps, each of which may hold a connection: no caller has all of them, and invented
// credentials leave some to those that have worked. Also the accounts that operations have begun to read, so that what
// else they ask of these accounts goes first.
import { addTo } from './counts.ts';
import type { QueuedCall } from './lane-calls.ts';

/** How many calls may be in flight. */
export interface SlotLimits {
  /** Over all callers. */
  readonly upstreamCalls: number;
  /** Of one caller. */
  readonly upstreamCallsPerCaller: number;
  /** Of all calls that are neither logins nor made with a credential that has worked lately. */
  readonly upstreamCallsUnproven: number;
}

/** The calls in flight of one operation. */
interface OperationCalls {
  count: number;
  readonly account: string;
  /** Most operations read one account, which needs no set. */
  others: Set<string> | null;
}

/** Counts the calls in flight. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #byCaller = new Map<string, number>();
  readonly #byOperation = new Map<symbol, OperationCalls>();
  #inUse = 0;
  #unproven = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Whether any call may start. */
  get hasRoom(): boolean {
    return this.#inUse < this.#limits.upstreamCalls;
  }

  /** Whether this call would leave to others what is theirs. */
  readonly isShare = ({ operation, lane }: QueuedCall): boolean => {
    const { upstreamCallsPerCaller, upstreamCallsUnproven } = this.#limits;
    if (lane === 'other' && this.#unproven >= upstreamCallsUnproven) return false;
    return (this.#byCaller.get(operation.callerId) ?? 0) < upstreamCallsPerCaller;
  };

  /** Takes a slot before it is known for which call. */
  reserve(): void {
    this.#inUse += 1;
  }

  /** Gives a reserved slot back. */
  release(): void {
    this.#inUse -= 1;
  }

  /** Whether a call of the same operation and account is in flight, or was while others of the operation are. */
  hasBegun({ operation, account }: QueuedCall): boolean {
    const calls = this.#byOperation.get(operation.id);
    return calls !== undefined && (calls.account === account || !!calls.others?.has(account));
  }

  /** Gives a reserved slot to a call. */
  assign(call: QueuedCall): void {
    this.#count(call, 1);
    const { operation, account } = call;
    const calls = this.#byOperation.get(operation.id);
    if (calls === undefined) {
      this.#byOperation.set(operation.id, { count: 1, account, others: null });
      return;
    }
    calls.count += 1;
    if (calls.account === account) return;
    calls.others ??= new Set();
    calls.others.add(account);
  }

  /** The call has ended. */
  leave(call: QueuedCall): void {
    this.release();
    this.#count(call, -1);
    const { id } = call.operation;
    const calls = this.#byOperation.get(id);
    if (calls === undefined) return;
    calls.count -= 1;
    if (calls.count === 0) this.#byOperation.delete(id);
  }

  #count({ operation, lane }: QueuedCall, change: number): void {
    addTo(this.#byCaller, operation.callerId, change);
    if (lane === 'other') this.#unproven += change;
  }
}
