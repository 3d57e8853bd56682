// The text of --help.

/** The output of `--help`. */
export const help = `kite-graphql: a GraphQL API over the user endpoints of Kite Connect v3

Usage
  kite-graphql                  run the gateway, with the simulator if no app is configured
  kite-graphql simulator        run only the simulator
  kite-graphql sessions ...     list and end sessions in the store, rotate its keys: see sessions --help
  kite-graphql --print-schema   print the schema, as GraphQL
  kite-graphql --help           print this text
  kite-graphql --version        print the version

Settings come from the environment, or from a .env file in the current folder.
  NODE_ENV                        "production": no simulator, no console, no GraphiQL, no introspection
  HOST, PORT                      the address and port to listen on: loopback, 4000
  PUBLIC_URL                      the URL of the gateway for browsers: http://localhost:<port>
  KITE_API_KEY, KITE_API_SECRET   one Kite Connect app
  APPS_FILE                       several apps: a JSON array of {broker?, apiKey, apiSecret?, name?, listed?};
                                  for Kotak {broker: "KOTAK", apiKey, accessToken or apiSecret, appId?, ip?,
                                  helpUrl?}
  KITE_APPS_FILE                  the older name of APPS_FILE
  KITE_BASE_URL                   https://api.kite.trade; may have a path
  KITE_LOGIN_URL                  https://kite.zerodha.com/connect/login
  KOTAK_BASE_URLS                 comma-separated hosts of Kotak in the order of use; no other is called
  KITE_TIMEOUT_MS                 time limit of one call to a broker: 7000
  OPERATION_TIMEOUT_MS            time limit of one GraphQL operation: 30000
  SHUTDOWN_GRACE_MS               30000: how long a shutdown waits for requests in flight
  WORKERS                         1: processes on the port, with one rate limit and one store of sessions
  SHUTDOWN_DELAY_MS               0: milliseconds for which /ready answers 503 before the shutdown
  KITE_RATE_LIMIT                 10 calls in any second for each app; 0 removes the limit
  MAX_AGE_SECONDS                 60: the maximum age of an answer that a client may accept
  KEYRING_STORE                   memory:; the store of browser sessions; also sqlite:<file> or redis://...
                                  (several hosts with commas between them: nodes of a Redis Cluster)
  REDIS_SENTINEL_MASTER           none: the master's name; then those hosts are Sentinels
  REDIS_SENTINEL_PASSWORD         none: the password of the Sentinels
  REDIS_CA_FILE                   Node's own: certificates in PEM that may sign that of rediss://...
  KEYRING_KEYS                    comma-separated base64 keys of 32 bytes; the first encrypts, all decrypt
  COOKIE_NAME                     kite_graphql: the cookie name; gateways on one host need different names
  ALLOWED_ORIGINS                 none: comma-separated origins whose pages may use the cookie
  HEADER_CREDENTIALS              which credentials a header may carry: own (configured apps), any or off
  ALLOWED_HOSTS                   none: comma-separated host names, in addition to PUBLIC_URL and loopback
  ALLOWED_HEADERS                 none: comma-separated request headers that those pages may send
  RELAY_SECRETS                   none: comma-separated secrets of backends that may ask for a browser's credentials
  WEBHOOK_URL, WEBHOOK_SECRET     none: where news of sessions are posted, and the secret that signs them
  TRUSTED_DOCUMENTS               none: a JSON file {hash: document}; then no other document is executed
  TRUSTED_DOCUMENT_TEXTS          false; true: a request may also send the text of a trusted document
  AUDIT_LOG                       none: a file for logins, logouts, endings and refusals, one JSON object a line
  METRICS_PORT, METRICS_HOST      none, loopback: Prometheus metrics at /metrics, on an address of their own
  GEOIP_DATABASE                  none: an MMDB file with the countries of addresses
  COUNTRY_HEADER                  none: the header in which a trusted proxy names a client's country
  SESSION_TOKENS_FILE             keys and templates of tokens for other services; read again on SIGHUP
  TRUST_PROXY                     false; true behind a proxy that sets X-Forwarded-For
  EXPOSE_TOKENS                   whether answers may contain tokens: false; true with the simulator
  GRAPHIQL, INTROSPECTION         true; false with NODE_ENV=production
  CONSOLE                         true; false with NODE_ENV=production: the page at /
  CONSOLE_NAME, CONSOLE_LOGO_FILE kite-graphql, none: a name and a PNG, JPEG or WebP picture for its head
  LIMIT_...                       limits on the cost of requests: see docs/limits.md
  LOG_LEVEL, LOG_FORMAT           info; pretty on a terminal, json otherwise
  SIMULATOR_HOST, SIMULATOR_PORT  127.0.0.1, 4010
  SIMULATOR_ACCOUNTS              5, up to 10000: SIM0001, SIM0002, ...
  SIMULATOR_LATENCY_MS            0
  SIMULATOR_RATE_LIMIT            10 calls a second for each app; 0 removes the limit
  SIMULATOR_REDIRECT_URL          /callback of the gateway
`;
