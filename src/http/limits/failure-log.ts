// Log lines of requests that fail: each has one, until an address fails in one way so often that they are counted.
import { type Clock, machineClock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import { networkOf } from '../request/client-info.ts';

/** The time in which failures of one address and code are told together, in milliseconds. */
const minute = 60_000;

/** Takes lines, as a logger does. */
export type FailureSink = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>
>;

/** A failure of one request. */
export interface Failure {
  /** Of the client; never in the line. */
  readonly address: string | null;
  readonly requestId: string;
  /** What went wrong; several codes of one answer are joined by spaces. */
  readonly code: string;
  /** Default `info`. */
  readonly level?: 'info' | 'warn' | 'error';
}

interface Flood {
  readonly endsAt: number;
  count: number;
  first: (Failure & { readonly message: string }) | null;
  lastRequestId: string;
}

/**
 * Writes the first failures of an address and code in a minute as lines of their own. Those beyond are lines at debug
 * level, and one line at the end of the minute tells how many there were.
 */
export class FailureLog {
  readonly #log: FailureSink;
  /** How much is told. */
  readonly limits: Pick<
    Limits,
    'loggedFailures' | 'loggedFailureAddresses' | 'loggedPathCharacters'
  >;
  readonly #clock: Clock;
  /** By address and code, in the order in which their minutes began. */
  readonly #floods = new Map<string, Flood>();
  readonly #closed = new AbortController();

  constructor(
    log: FailureSink,
    limits: Pick<Limits, 'loggedFailures' | 'loggedFailureAddresses' | 'loggedPathCharacters'>,
    clock: Clock = machineClock,
  ) {
    this.#log = log;
    this.limits = limits;
    this.#clock = clock;
  }

  /** Tells of a failure, by a line or by a count. */
  write(failure: Failure, fields: object, message: string): void {
    const { requestId, level = 'info' } = failure;
    const key = this.#keyOf(failure);
    const flood = this.#floods.get(key) ?? this.#begin(key);
    flood.count += 1;
    const beyond = flood.count - this.limits.loggedFailures;
    this.#log[beyond > 0 ? 'debug' : level]({ requestId, ...fields }, message);
    if (beyond <= 0) return;
    flood.lastRequestId = requestId;
    if (beyond > 1) return;
    flood.first = { ...failure, message };
    const left = flood.endsAt - this.#clock.milliseconds();
    void this.#clock.wait(left, this.#closed.signal).then(() => this.#end(key, flood));
  }

  /** Tells what was counted so far. */
  close(): void {
    for (const [key, flood] of this.#floods) this.#end(key, flood);
    this.#closed.abort();
  }

  #keyOf({ address, code }: Failure): string {
    const key = `${address === null ? 'unknown' : networkOf(address)} ${code}`;
    const now = this.#clock.milliseconds();
    for (const [oldest, flood] of this.#floods) {
      if (flood.endsAt > now) break;
      this.#end(oldest, flood);
    }
    const hasRoom = this.#floods.has(key) || this.#floods.size < this.limits.loggedFailureAddresses;
    // Codes are few: counted together by the first one, what is beyond the bound stays within it.
    return hasRoom ? key : ` ${code.split(' ', 1)[0]}`;
  }

  #begin(key: string): Flood {
    const endsAt = this.#clock.milliseconds() + minute;
    const begun = { endsAt, count: 0, first: null, lastRequestId: '' };
    this.#floods.set(key, begun);
    return begun;
  }

  #end(key: string, flood: Flood): void {
    if (this.#floods.get(key) !== flood) return;
    this.#floods.delete(key);
    const { first, lastRequestId } = flood;
    if (first === null) return;
    const { level = 'info', code, message, requestId: firstRequestId } = first;
    const count = flood.count - this.limits.loggedFailures;
    this.#log[level]({ code, count, firstRequestId, lastRequestId, failure: message }, summary);
  }
}

const summary = 'More failures of one address in the last minute';
