// Kotak behind the seam: its calls, its login, its credentials and the life of its sessions.
import type { Broker, BrokerRedirect, CredentialScheme } from '../broker.ts';
import { sessionExpiryOf, toldExpiryOf } from '../session-expiry.ts';
import type { RateLog } from '../upstream/budget/rate-log/rate-log.ts';
import { Secret } from '../upstream/secret.ts';
import { createUpstream, type UpstreamOptions } from '../upstream/upstream.ts';
import { createKotakClient, type KotakClientOptions } from './client.ts';
import { KotakHosts } from './hosts.ts';
import { kotakWire } from './wire.ts';

/** Where Kotak is, and the bounds on calling it. */
export interface KotakOptions
  extends Omit<UpstreamOptions, 'wire' | 'baseUrl'>,
    Pick<KotakClientOptions, 'apps' | 'maxNesting' | 'now' | 'onFailure' | 'follow'> {
  /** Its hosts, in the order in which they are tried; no other is ever called. */
  readonly baseUrls: readonly [URL, ...URL[]];
}

/** Connects nothing yet: the first call does. */
export function createKotak(options: KotakOptions): {
  readonly broker: Broker;
  /** Waits for calls in flight. */
  readonly close: () => Promise<void>;
} {
  const { baseUrls, limits, rateLog } = options;
  const { send, close, budgetOf, ...credentials } = createUpstream({
    ...options,
    baseUrl: baseUrls[0],
    rateLog: ofThisBroker(rateLog),
    wire: kotakWire,
  });
  const client = createKotakClient(send, {
    ...options,
    ...credentials,
    hosts: new KotakHosts(baseUrls, limits),
    appTokenRenewalSeconds: limits.appTokenRenewalSeconds,
  });
  const broker: Broker = {
    ...client,
    name: 'KOTAK',
    title: 'Kotak Securities',
    credentialScheme,
    budgetOf,
    // A session has been seen to last for the day; its end is not documented, so people are not told one.
    expiryOf: (time) => sessionExpiryOf('KOTAK', time),
    toldExpiryOf: (time) => toldExpiryOf('KOTAK', time),
    readsProfile: false,
    readsMargins: false,
    loginPage: () => null,
    readRedirect: (): BrokerRedirect => ({ nonce: '', requestToken: null }),
  };
  return { broker, close };
}

/** The same log with the apps of this broker apart: an app of another broker may have the same key. */
function ofThisBroker(log: RateLog): RateLog {
  return {
    limit: log.limit,
    start: (apiKey) => log.start(`kotak ${apiKey}`),
    close: (apiKey, milliseconds) => log.close(`kotak ${apiKey}`, milliseconds),
    usage: (apiKey) => log.usage(`kotak ${apiKey}`),
  };
}

const part = '([A-Za-z0-9._-]{1,128})';
const triple = new RegExp(`^kotak[ \\t]+${part}:${part}:${part}$`, 'i');

/** `kotak consumer_key:userid:session_token`, the scheme's name in any case. */
export const credentialScheme: CredentialScheme = {
  form: 'kotak consumer_key:userid:session_token',
  applies: (element) => /^kotak(?![^\s:])/i.test(element),
  read(element) {
    const [, apiKey, userId, token] = triple.exec(element) ?? [];
    if (apiKey === undefined || userId === undefined || token === undefined) return null;
    return { broker: 'KOTAK', apiKey, userId, accessToken: new Secret(token) };
  },
};
