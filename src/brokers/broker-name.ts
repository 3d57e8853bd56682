// The brokers by name: in the contract, in settings and in what is stored.

/** A broker. */
export type BrokerName = 'KITE' | 'KOTAK';

/** The broker of credentials, sessions and apps that name none. */
export const defaultBroker: BrokerName = 'KITE';
