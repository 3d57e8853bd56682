// When the sessions of each broker end by the clock, as far as that is known: for gateways, and for what runs without one.
import type { BrokerName } from './broker-name.ts';
import { nextHourInIndia } from './india-time.ts';

/** The hour in India at which access tokens end. Kotak does not say when; midnight is its next day of trading. */
const hours = { KITE: 6, KOTAK: 0 } as const satisfies Record<BrokerName, number>;

/** When a session that worked at a time ends: an estimate. */
export function sessionExpiryOf(broker: BrokerName, time: Date): Date {
  return nextHourInIndia(time, hours[broker]);
}
