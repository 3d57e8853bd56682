// The command's words: what --help says, and what a start says.

/** What `--help` prints. */
export const help = `kite-graphql: a GraphQL API over the user endpoints of Kite Connect v3

Usage
  kite-graphql                  the gateway; with the simulator when no app is configured
  kite-graphql simulator        the simulator alone
  kite-graphql --print-schema   the schema, as GraphQL
  kite-graphql --help           this text
  kite-graphql --version        the version

Settings come from the environment, or from a file .env in the folder where it starts.
  NODE_ENV                        "production": no simulator, and nothing for newcomers
  HOST, PORT                      where it listens: loopback, 4000
  PUBLIC_URL                      its address as browsers reach it: http://localhost:<port>
  KITE_API_KEY, KITE_API_SECRET   one Kite Connect app
  KITE_APPS_FILE                  several: a JSON array of {apiKey, apiSecret?, name?, listed?}
  KITE_BASE_URL                   https://api.kite.trade; may carry a path
  KITE_LOGIN_URL                  https://kite.zerodha.com/connect/login
  KITE_TIMEOUT_MS                 one call to Kite: 7000
  OPERATION_TIMEOUT_MS            one GraphQL operation: 30000
  SHUTDOWN_GRACE_MS               30000: how long a stop waits for what is in flight
  KITE_RATE_LIMIT                 10 calls in any second for each app; 0 switches it off
  MAX_AGE_SECONDS                 60: the greatest age that a client may accept
  KEYRING_STORE                   memory:; or sqlite:<file>, redis://...: where browsers' sessions are kept
  KEYRING_KEYS                    base64 keys of 32 bytes, by commas; needed for the other stores
  COOKIE_NAME                     kite_graphql: the name of the cookie; gateways on one host need different ones
  ALLOWED_ORIGINS                 none: origins, by commas, whose pages may use the cookie
  HEADER_CREDENTIALS              whose credentials a header may carry: own apps', any, or off
  ALLOWED_HOSTS                   none: host names, by commas, beside PUBLIC_URL's and the loopback's
  ALLOWED_HEADERS                 none: request headers, by commas, that those pages may send as well
  TRUST_PROXY                     false; true behind a proxy that sets X-Forwarded-For
  EXPOSE_TOKENS                   whether answers may hold tokens: false; true with the simulator
  GRAPHIQL, INTROSPECTION         true; false with NODE_ENV=production
  LIMIT_...                       bounds on what a request may cost: see docs/limits.md
  LOG_LEVEL, LOG_FORMAT           info; pretty on a terminal, json otherwise
  SIMULATOR_HOST, SIMULATOR_PORT  127.0.0.1, 4010
  SIMULATOR_ACCOUNTS              5, up to 10000: SIM0001, SIM0002, ...
  SIMULATOR_LATENCY_MS            0
  SIMULATOR_RATE_LIMIT            10 calls a second per app; 0 switches it off
  SIMULATOR_REDIRECT_URL          the gateway's own /callback
`;

/** What the process knows once it listens. */
export interface Started {
  /** The gateway's GraphQL address. */
  readonly graphqlUrl: string;
  readonly graphiql: boolean;
  /** The simulator's address; null with a real upstream. */
  readonly simulatorUrl: string | null;
  /** The simulated users whose accounts the example asks for. */
  readonly authorization: string | null;
  /** Kite's address where there is no simulator. */
  readonly upstream: string;
  readonly notices: readonly string[];
}

/** The lines that greet whoever started the gateway. */
export function greeting(started: Started): string {
  const { graphqlUrl, graphiql, simulatorUrl, authorization, upstream, notices } = started;
  const query =
    '{ accounts { id user { userName } margins { equity { net } commodity { net } } } }';
  return [
    '',
    `  GraphQL    ${graphqlUrl}${graphiql ? '   open it in a browser for GraphiQL' : ''}`,
    simulatorUrl === null
      ? `  Kite       ${upstream}`
      : `  Kite       simulated at ${simulatorUrl}: no account needed, nothing leaves this machine`,
    ...notices.map((notice) => `  Note       ${notice}`),
    '',
    '  Try it:',
    `  curl ${graphqlUrl} \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -H 'Authorization: ${authorization ?? 'token <api_key>:<access_token>'}' \\`,
    `    -d '${JSON.stringify({ query })}'`,
    '',
    '  Ctrl-C stops it.',
    '',
  ].join('\n');
}
