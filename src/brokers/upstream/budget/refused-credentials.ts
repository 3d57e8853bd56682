// The credentials that Kite has just refused: asked again within seconds, they are refused without a call, so that
// repeating a dead or invented token costs no part of an app's rate limit.

import { type Credential, digestOf } from '../../credential.ts';
import type { BrokerError } from '../../error.ts';
import { type Clock, machineClock } from '../clock.ts';

interface Refusal {
  readonly error: BrokerError;
  /** In milliseconds of the clock. */
  readonly until: number;
}

/** A bounded memory of refusals, by digest; nothing in it opens an account. */
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
