// The GraphQL enum of the brokers that accounts, apps and sessions belong to.
import type { BrokerName } from '../brokers/broker-name.ts';
import { builder } from './builder.ts';

/** The GraphQL enum Broker. */
export const BrokerEnum = builder.enumType('Broker', {
  description: 'A broker. More may be added.',
  values: {
    KITE: { description: 'Zerodha, by Kite Connect v3.' },
    KOTAK: { description: 'Kotak Securities, by its session API.' },
  } as const satisfies Record<BrokerName, object>,
});
