// What can be set on a simulator, and what it is when nothing is.
import { mostAccounts } from './kite/users.ts';

/** An app registered with the simulated Kite. */
export interface SimulatorApp {
  /** The public key of the app. */
  readonly apiKey: string;
  /** The secret that its checksums are made with. */
  readonly apiSecret: string;
  /** The name its login page shows; default: the key. */
  readonly name?: string;
  /** Where a login goes back to; default: the simulator's own `redirectUrl`. */
  readonly redirectUrl?: string;
  /** Whether its logins come with a refresh token, as for an exchange-approved platform; default false. */
  readonly refreshTokens?: boolean;
}

/** What can be set on a simulator. */
export interface SimulatorOptions {
  /** The address to listen on; default `127.0.0.1`, so that nothing but this machine can reach it. */
  readonly host?: string;
  /** The port to listen on, 0 for any that is free; default 4010. */
  readonly port?: number;
  /** How many users there are, 1 to 10,000; default 5. */
  readonly accounts?: number;
  /** How long every answer of the API is held back, in milliseconds; default 0. */
  readonly latencyMilliseconds?: number;
  /** The most API requests accepted in any 1,000 ms per api_key, 0 for no limit; default 10. */
  readonly rateLimit?: number;
  /** The redirect URL of apps without their own; default `http://localhost:4000/callback`. */
  readonly redirectUrl?: string;
  /** The registered apps; default: `simulator`, `simulator-two` and `simulator-platform`. */
  readonly apps?: readonly SimulatorApp[];
  /** Where the simulator's clock starts; default: the real time. */
  readonly now?: Date;
  /** What the users' names and figures are drawn from; default 1. The same seed gives the same data. */
  readonly seed?: number;
}

/** An app with nothing left open. */
export type SettledApp = Required<SimulatorApp>;

/** Options with nothing left open. */
export interface Settings {
  /** The address to listen on. */
  readonly host: string;
  /** The port to listen on, 0 for any. */
  readonly port: number;
  /** How many users there are. */
  readonly accounts: number;
  /** How long every answer of the API is held back, in milliseconds. */
  readonly latencyMilliseconds: number;
  /** The most API requests in any 1,000 ms per api_key, 0 for no limit. */
  readonly rateLimit: number;
  /** The apps by api_key. */
  readonly apps: ReadonlyMap<string, SettledApp>;
  /** Where the clock starts; undefined for the real time. */
  readonly now: Date | undefined;
  /** What the data is drawn from. */
  readonly seed: number;
}

const defaultApps: readonly SimulatorApp[] = [
  { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator' },
  { apiKey: 'simulator-two', apiSecret: 'simulator-two-secret', name: 'Simulator Two' },
  {
    apiKey: 'simulator-platform',
    apiSecret: 'simulator-platform-secret',
    name: 'Simulator Platform',
    refreshTokens: true,
  },
];

/**
 * Fills in the defaults.
 * @throws RangeError naming the option whose value cannot be.
 */
export function settle(options: SimulatorOptions): Settings {
  const redirectUrl = options.redirectUrl ?? 'http://localhost:4000/callback';
  const apps = (options.apps ?? defaultApps).map((app): SettledApp => {
    const url = app.redirectUrl ?? redirectUrl;
    if (!URL.canParse(url)) throw new RangeError('redirectUrl must be an absolute URL');
    return { name: app.apiKey, refreshTokens: false, ...app, redirectUrl: url };
  });
  if (options.now !== undefined && Number.isNaN(options.now.getTime())) {
    throw new RangeError('now must be a valid date');
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: wholeNumber('port', options.port ?? 4010, 0, 65_535),
    accounts: wholeNumber('accounts', options.accounts ?? 5, 1, mostAccounts),
    latencyMilliseconds: wholeNumber(
      'latencyMilliseconds',
      options.latencyMilliseconds ?? 0,
      0,
      3_600_000,
    ),
    rateLimit: wholeNumber('rateLimit', options.rateLimit ?? 10, 0, 1_000_000),
    apps: new Map(apps.map((app) => [app.apiKey, app])),
    now: options.now,
    seed: wholeNumber('seed', options.seed ?? 1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  };
}

function wholeNumber(option: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${option} must be a whole number from ${low} to ${high}, not ${value}`);
  }
  return value;
}
