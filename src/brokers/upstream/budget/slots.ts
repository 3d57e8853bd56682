// The calls in flight over all apps, each of which may hold a connection: no caller has all of them, and invented
// credentials leave some to those that have worked.
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

/** Counts the calls in flight. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #byCaller = new Map<string, number>();
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

  /** Gives a reserved slot to a call. */
  assign(call: QueuedCall): void {
    this.#count(call, 1);
    call.operation.calls.start(call.account);
  }

  /** The call has ended. */
  leave(call: QueuedCall): void {
    this.release();
    this.#count(call, -1);
    call.operation.calls.end();
  }

  #count({ operation, lane }: QueuedCall, change: number): void {
    addTo(this.#byCaller, operation.callerId, change);
    if (lane === 'other') this.#unproven += change;
  }
}
