// The credentials of which something is known: that the broker has accepted them lately, or has just refused them.

import { type Credential, digestOf } from '../../credential.ts';
import type { BrokerError } from '../../error.ts';
import { type Clock, machineClock } from '../clock.ts';

/**
 * The credentials that the broker has accepted lately: a share of each app's budget is kept for them, so that calls with
 * invented tokens cannot use up all of it. Bounded, and by digests; nothing in it opens an account. It has two
 * generations: when the younger one is full, the older one is dropped as a whole, so that no addition has to look for the
 * oldest entry.
 */
export class AcceptedCredentials {
  readonly #max: number;
  #younger = new Map<string, number>();
  #older = new Map<string, number>();

  /** @param max the most credentials that are remembered. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether Kite has accepted the credential lately. */
  has(digest: string): boolean {
    return this.#younger.has(digest) || this.#older.has(digest);
  }

  /** When Kite last accepted the credential, as `add` was told; undefined where that is not known. */
  acceptedAt(digest: string): number | undefined {
    return this.#younger.get(digest) ?? this.#older.get(digest);
  }

  /** Kite has accepted the credential. @param at when, in milliseconds, where that is of interest. */
  add(digest: string, at = 0): void {
    this.#younger.set(digest, at);
    if (this.#younger.size * 2 <= this.#max) return;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  /** Kite has refused the credential. */
  delete(digest: string): void {
    this.#younger.delete(digest);
    this.#older.delete(digest);
  }
}

interface Refusal {
  readonly error: BrokerError;
  /** In milliseconds of the clock. */
  readonly until: number;
}

/**
 * The credentials that the broker has just refused: asked again within seconds, they are refused without a call, so that
 * repeating a dead or invented token costs no part of an app's rate limit. Bounded, and by digests.
 */
export class RefusedCredentials {
  readonly #milliseconds: number;
  readonly #max: number;
  readonly #clock: Clock;
  /** In the order in which they end, since all last as long. */
  readonly #refusals = new Map<string, Refusal>();

  /**
   * @param seconds how long a refusal is remembered; 0 remembers none.
   * @param max the most refusals that are remembered: the oldest is evicted.
   * @param clock default: the machine's.
   */
  constructor(seconds: number, max: number, clock: Clock = machineClock) {
    this.#milliseconds = seconds * 1_000;
    this.#max = max;
    this.#clock = clock;
  }

  /** Kite's refusal of a credential, where it was a moment ago. */
  find(credential: Credential): BrokerError | undefined {
    // Most gateways hold none at most times: then no digest is made.
    if (this.#refusals.size === 0) return undefined;
    const digest = digestOf(credential);
    const refusal = this.#refusals.get(digest);
    if (refusal === undefined) return undefined;
    if (refusal.until > this.#clock.milliseconds()) return refusal.error;
    this.#refusals.delete(digest);
    return undefined;
  }

  /** Kite has refused a credential. */
  add(credential: Credential, error: BrokerError): void {
    if (this.#milliseconds === 0) return;
    const digest = digestOf(credential);
    this.#refusals.delete(digest);
    this.#refusals.set(digest, { error, until: this.#clock.milliseconds() + this.#milliseconds });
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > this.#max && oldest !== undefined) this.#refusals.delete(oldest);
  }

  /** Kite has handed out a credential. */
  delete(credential: Credential): void {
    this.#refusals.delete(digestOf(credential));
  }
}
