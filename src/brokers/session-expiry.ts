// When the sessions of each broker end by the clock, as far as that is known: for gateways, and for what runs without one.
import type { BrokerName } from './broker-name.ts';
import { nextHourInIndia } from './india-time.ts';

/** The hour in India at which access tokens end. Kotak does not say when; midnight is its next day of trading. */
const hours = { KITE: 6, KOTAK: 0 } as const satisfies Record<BrokerName, number>;

/** Whether that hour is established, so that people may be told of it. */
const isTold = { KITE: true, KOTAK: false } as const satisfies Record<BrokerName, boolean>;

/** When a session that worked at a time ends: an estimate. */
export function sessionExpiryOf(broker: BrokerName, time: Date): Date {
  return nextHourInIndia(time, hours[broker]);
}

/** The same, as people may be told it; null for a broker that does not say. */
export function toldExpiryOf(broker: BrokerName, time: Date): Date | null {
  return isTold[broker] ? sessionExpiryOf(broker, time) : null;
}
