// The seam between the gateway and the brokers: what everything above this folder may know of one.

/** A broker. */
export type BrokerName = 'KITE' | 'KOTAK';

/** The broker of credentials, sessions and apps, which name none. */
export const defaultBroker: BrokerName = 'KITE';
