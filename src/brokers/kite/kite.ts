// Kite behind the seam: its calls, its login page, its redirect and the life of its sessions.
import type { Broker, BrokerRedirect } from '../broker.ts';
import { sessionExpiryOf, toldExpiryOf } from '../session-expiry.ts';
import { Secret } from '../upstream/secret.ts';
import { createUpstream, type UpstreamOptions } from '../upstream/upstream.ts';
import { createKiteClient, credentialScheme, type KiteClientOptions, kiteWire } from './client.ts';

/** Where Kite is, and the bounds on calling it. */
export interface KiteOptions
  extends Omit<UpstreamOptions, 'wire'>,
    Pick<KiteClientOptions, 'maxNesting' | 'onFailure' | 'follow'> {
  /** Kite's login page. */
  readonly loginUrl: URL;
}

/** Connects nothing yet: the first call does. */
export function createKite(options: KiteOptions): {
  readonly broker: Broker;
  /** Waits for calls in flight. */
  readonly close: () => Promise<void>;
} {
  const { send, close, budgetOf, ...credentials } = createUpstream({ ...options, wire: kiteWire });
  const broker: Broker = {
    ...createKiteClient(send, { ...options, ...credentials }),
    name: 'KITE',
    title: 'Kite',
    credentialScheme,
    budgetOf,
    // Access tokens end at six in the morning (docs: "Authentication and token exchange").
    expiryOf: (time) => sessionExpiryOf('KITE', time),
    toldExpiryOf: (time) => toldExpiryOf('KITE', time),
    readsProfile: true,
    readsMargins: true,
    passwordLogin: null,
    loginPage(apiKey, redirectParams) {
      const url = new URL(options.loginUrl);
      url.searchParams.set('v', '3');
      url.searchParams.set('api_key', apiKey);
      if (redirectParams.length > 0) {
        const pairs = redirectParams.map(({ name, value }) => [name, value]);
        url.searchParams.set('redirect_params', new URLSearchParams(pairs).toString());
      }
      return url.href;
    },
    readRedirect,
  };
  return { broker, close };
}

function readRedirect(query: URLSearchParams): BrokerRedirect {
  const token = query.get('request_token');
  const isSuccess = query.get('status') === 'success' && token !== null;
  return { nonce: query.get('state') ?? '', requestToken: isSuccess ? new Secret(token) : null };
}
