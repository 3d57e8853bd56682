// The brokers of a gateway as one: each call is made at the broker that its credential or its app belongs to.
import type { BrokerApp } from './apps.ts';
import type {
  Broker,
  BrokerClient,
  BrokerRedirect,
  CredentialScheme,
  PasswordLogin,
} from './broker.ts';
import { type BrokerName, defaultBroker } from './broker-name.ts';

/** The calls that read. They are made at the broker of a credential. */
type Reads = 'profile' | 'margins' | 'segmentMargins' | 'kotakMargins';

/** The brokers of a gateway, and the calls that change something. */
export interface Brokers extends Omit<BrokerClient, Reads> {
  /** A broker by its name; the default one for what names none. */
  of(name: BrokerName | undefined): Broker;
  /** The broker of an app; the default one for an app that is not known. */
  nameOf(apiKey: string): BrokerName;
  /** How credentials stand in the Authorization header, in the order in which they are tried. */
  readonly credentialSchemes: readonly [CredentialScheme, ...CredentialScheme[]];
  /** Their forms, for people: those of the brokers that have apps, or of all where there are no apps. */
  readonly credentialForms: readonly string[];
  /** When what began at a time is over at the first of all brokers. */
  earliestExpiryOf(time: Date): Date;
  /** The login page of an app's broker; null where it has none. */
  loginPage: Broker['loginPage'];
  /** The login by password of an app's broker; null where it has a login page. */
  passwordLogin(apiKey: string): PasswordLogin | null;
  /** Reads the query of a redirect to this gateway. */
  readRedirect(query: URLSearchParams): BrokerRedirect;
}

/**
 * Puts brokers together.
 * @param brokers one for each name.
 * @param apps whose apps are whose.
 */
export function createBrokers(
  brokers: Readonly<Record<BrokerName, Broker>>,
  apps: readonly Pick<BrokerApp, 'apiKey' | 'broker'>[],
): Brokers {
  const names = new Map(apps.map(({ apiKey, broker }) => [apiKey, broker]));
  const all = Object.values(brokers);
  const withApps = all.filter(({ name }) => apps.some(({ broker }) => broker === name));
  const of = (name: BrokerName | undefined) => brokers[name ?? defaultBroker];
  const ofApp = (apiKey: string) => of(names.get(apiKey));
  return {
    of,
    nameOf: (apiKey) => ofApp(apiKey).name,
    credentialSchemes: [brokers.KITE.credentialScheme, brokers.KOTAK.credentialScheme],
    credentialForms: (withApps.length > 0 ? withApps : all).map(
      ({ credentialScheme }) => credentialScheme.form,
    ),
    earliestExpiryOf: (time) =>
      new Date(Math.min(...all.map((broker) => broker.expiryOf(time).getTime()))),
    loginPage: (apiKey, redirectParams) => ofApp(apiKey).loginPage(apiKey, redirectParams),
    passwordLogin: (apiKey) => ofApp(apiKey).passwordLogin,
    readRedirect: (query) => of(defaultBroker).readRedirect(query),
    exchangeToken: (apiKey, ...rest) => ofApp(apiKey).exchangeToken(apiKey, ...rest),
    renewSession: (apiKey, ...rest) => ofApp(apiKey).renewSession(apiKey, ...rest),
    invalidateAccessToken: (credential, operation) =>
      of(credential.broker).invalidateAccessToken(credential, operation),
    invalidateRefreshToken: (apiKey, ...rest) =>
      ofApp(apiKey).invalidateRefreshToken(apiKey, ...rest),
  };
}
