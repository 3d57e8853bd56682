// The brokers' names.

/** A broker. */
export type BrokerName = 'KITE' | 'KOTAK';

/** The broker of credentials, sessions and apps, which name none. */
export const defaultBroker: BrokerName = 'KITE';
