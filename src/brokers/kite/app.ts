// A Kite Connect app as its developer registered it with the broker.
import type { BrokerName } from '../broker.ts';
import type { Secret } from '../upstream/secret.ts';

/** One Kite Connect app of this gateway. */
export interface KiteApp {
  readonly broker: BrokerName;
  /** The app's public key, as the developer console shows it. */
  readonly apiKey: string;
  /** The app's secret; without it callers bring their own checksums. */
  readonly apiSecret?: Secret;
  /** A name for people, where the operator gave one. */
  readonly name?: string;
  /** Whether strangers may see the app in `apps`. */
  readonly listed: boolean;
}
