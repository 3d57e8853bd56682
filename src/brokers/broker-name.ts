// The brokers by name: in the contract, in settings and in what is stored.

/** Every broker. */
export const brokerNames = ['KITE', 'KOTAK'] as const;

/** A broker. */
export type BrokerName = (typeof brokerNames)[number];

/** The broker of credentials, sessions and apps that name none. */
export const defaultBroker: BrokerName = 'KITE';
