// What was paid in since the start, by user and segment: the way to make margins change.
import { type Margins, marginsOf, type SegmentMargins } from './margins.ts';

/** A segment of Kite's. */
export type Segment = keyof Margins;

/** What users have paid in, and their margins with it. */
export class PayIns {
  readonly #rupees = new Map<string, number>();
  readonly #seed: number;

  /** @param seed which believable data the users have. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Pays in so many rupees, or out where they are negative; false where the segment is disabled for the user. */
  payIn(userNumber: number, segment: Segment, rupees: number): boolean {
    if (!marginsOf(userNumber, this.#seed)[segment].enabled) return false;
    const key = keyOf(userNumber, segment);
    this.#rupees.set(key, (this.#rupees.get(key) ?? 0) + rupees);
    return true;
  }

  /** The margins of a user, as they are now. */
  marginsOf(userNumber: number): Margins {
    const margins = marginsOf(userNumber, this.#seed);
    const now = (segment: Segment) => {
      const rupees = this.#rupees.get(keyOf(userNumber, segment));
      return rupees === undefined ? margins[segment] : withPayIn(margins[segment], rupees);
    };
    return { equity: now('equity'), commodity: now('commodity') };
  }

  /** Removes all pay-ins. */
  clear(): void {
    this.#rupees.clear();
  }
}

function keyOf(userNumber: number, segment: Segment): string {
  return `${userNumber} ${segment}`;
}

const affected = ['cash', 'live_balance', 'intraday_payin'];

function withPayIn(margins: SegmentMargins, rupees: number): SegmentMargins {
  const more = ([name, amount]: [string, number]): [string, number] => [
    name,
    affected.includes(name) ? roundToPaise(amount + rupees) : amount,
  ];
  const available = Object.fromEntries(Object.entries(margins.available).map(more));
  return { ...margins, net: roundToPaise(margins.net + rupees), available };
}

function roundToPaise(amount: number): number {
  return Number(amount.toFixed(2));
}
