// Every bound of the product in one place. Each is a setting, LIMIT_<NAME>, and a row of docs/limits.md.

/** One bound: how much a sender may cost, and how far an operator may move it. */
export interface LimitDefinition {
  /** The value where the operator sets none. */
  readonly default: number;
  /** What is counted, such as `bytes` or `calls`. */
  readonly unit: string;
  /** What is bounded, as a row of the documentation says it. */
  readonly bounds: string;
  /** The least value that still leaves the gateway usable. Default 1. */
  readonly min?: number;
  /** The greatest value that is accepted. Default 1,000,000,000. */
  readonly max?: number;
}

// biome-ignore format: one bound a line, as in the documentation’s table.
const definitions = {
  // Connections.
  connections: { default: 16_000, unit: 'connections', bounds: 'open connections' },
  connectionsPerAddress: { default: 4_000, unit: 'connections', bounds: 'open connections of one address, where no proxy is trusted' },
  headersSeconds: { default: 20, unit: 'seconds', bounds: 'until the headers of a request are complete' },
  requestSeconds: { default: 60, unit: 'seconds', bounds: 'until a request is complete with its body' },
  keepAliveSeconds: { default: 75, unit: 'seconds', bounds: 'how long an idle connection stays open; set it longer than the idle timeout of the proxy in front' },
  unreadableMilliseconds: { default: 1_000, unit: 'milliseconds', bounds: 'how long a client has to read the answer to a request that is not valid HTTP, before its connection is closed', max: 60_000 },
  stalledWriteSeconds: { default: 15, unit: 'seconds', bounds: 'how long a client may read nothing of its answer, before its connection is closed' },
  unsentBytes: { default: 256_000_000, unit: 'bytes', bounds: 'answers that clients have not read yet, in all' },
  unsentBytesPerPeer: { default: 64_000_000, unit: 'bytes', bounds: 'answers that one address has not read yet; one connection where a proxy is trusted' },

  logBytes: { default: 1_000_000, unit: 'bytes', bounds: 'log lines that stderr has not taken yet; further lines are dropped and counted' },
  auditBytes: { default: 16_000_000, unit: 'bytes', bounds: 'events that wait for the file `AUDIT_LOG` to take them; beyond this, what it has to record is refused' },

  costApps: { default: 50, unit: 'apps', bounds: 'apps that `extensions.cost` of an answer lists', max: 1_000 },
  metricsConnections: { default: 16, unit: 'connections', bounds: 'open connections to `METRICS_PORT`', max: 1_000 },
  metricsSeconds: { default: 10, unit: 'seconds', bounds: 'how long a request to `METRICS_PORT` may take to arrive, and how long such a connection may be idle', max: 300 },
  metricOperations: { default: 100, unit: 'names', bounds: 'operation names that metrics tell apart: the first that are executed; further ones count as `other`', min: 0, max: 10_000 },
  censusSeconds: { default: 60, unit: 'seconds', bounds: 'the pause between two counts of the sessions in the store, made for metrics only', max: 86_400 },
  censusKeyrings: { default: 100_000, unit: 'browsers', bounds: 'browsers whose sessions one such count reads' },

  consoleLogoBytes: { default: 200_000, unit: 'bytes', bounds: 'the file `CONSOLE_LOGO_FILE`', max: 2_000_000 },

  // A request, before anything is executed.
  headerBytes: { default: 131_072, unit: 'bytes', bounds: 'the headers of a request: room for a thousand credentials and what proxies add', min: 8_192, max: 16_000_000 },
  requestBytes: { default: 100_000, unit: 'bytes', bounds: 'the body of a request' },
  credentials: { default: 1_000, unit: 'credentials', bounds: 'the credentials in the Authorization header of a request' },
  documentTokens: { default: 2_000, unit: 'tokens', bounds: 'a GraphQL document' },
  documentCacheCharacters: { default: 500_000, unit: 'characters', bounds: 'the texts of documents that stay parsed; the least recently used is evicted first' },
  planUses: { default: 3, unit: 'uses', bounds: 'how often in a row a document is used before it gets an execution plan', min: 0 },
  planCharacters: { default: 500_000, unit: 'characters', bounds: 'documents with an execution plan, each field of a plan counted as 20 more; one plan takes at most a tenth, the least recently used is evicted first, 0 makes none', min: 0 },
  documentDepth: { default: 16, unit: 'levels', bounds: 'nested fields of a document' },
  rootFields: { default: 100, unit: 'fields', bounds: 'the fields at the root of an operation' },
  deferredFragments: { default: 20, unit: 'fragments', bounds: 'the fragments of an operation with `@defer`' },
  introspectionAliases: { default: 5, unit: 'aliases', bounds: 'the aliases of `__schema` and `__type` and of fields below them', min: 0 },
  listItems: { default: 1_000, unit: 'values', bounds: 'a list in the variables or arguments' },
  signedTokens: { default: 1_000, unit: 'tokens', bounds: 'different tokens (`Session.signedToken`) of one operation' },
  textCharacters: { default: 2_000, unit: 'characters', bounds: 'a string in the variables or arguments' },

  // A client address: of IPv6, a network (/64).
  addressOperations: { default: 256, unit: 'operations', bounds: 'requests of one client address in progress at once; `/health` and `/ready` are not counted' },
  addressOperationsPerMinute: { default: 6_000, unit: 'operations', bounds: 'requests of one client address in a minute, over all replicas on one Redis; `/health` and `/ready` are not counted, nor the loopback without `TRUST_PROXY`' },
  loginAttempts: { default: 30, unit: 'attempts', bounds: 'request tokens that one client address may exchange in a minute with the gateway’s secret, over all replicas on one Redis' },
  passwordTries: { default: 5, unit: 'tries', bounds: 'passwords that one client address may try in a minute at a broker without a login page, and as many access codes, over all replicas on one Redis' },
  passwordTriesPerUser: { default: 5, unit: 'tries', bounds: 'passwords that are tried for one user id of such a broker in a minute, from whatever addresses, and as many access codes, over all replicas on one Redis' },
  relayAttempts: { default: 10, unit: 'attempts', bounds: 'the wrong secrets that one client address may send to `/session/credentials` in a minute, over all replicas on one Redis; beyond it every request there is refused' },
  relayBytes: { default: 50_000, unit: 'bytes', bounds: 'the body of a request to `/session/credentials`', min: 1_000 },
  countedAddresses: { default: 50_000, unit: 'addresses', bounds: 'addresses whose requests one process counts by the minute, and as many addresses and users whose login attempts it counts' },
  readinessSeconds: { default: 1, unit: 'seconds', bounds: 'how long `/ready` reuses the result of its last write to the store', max: 60 },
  addressStreams: { default: 64, unit: 'streams', bounds: 'open streams of one client address: subscriptions and answers in parts' },

  // What comes back.
  redirectParams: { default: 10, unit: 'parameters', bounds: 'the `redirectParams` of `App.brokerLoginUrl`' },
  redirectParamsCharacters: { default: 500, unit: 'characters', bounds: 'the names and values of the `redirectParams` of `App.brokerLoginUrl` together' },
  loggedOrigins: { default: 100, unit: 'origins', bounds: 'refused origins that the log names in `LIMIT_LOGGED_ORIGIN_MINUTES`, each once' },
  loggedOriginMinutes: { default: 60, unit: 'minutes', bounds: 'how long the log does not name a refused origin again', max: 10_080 },
  loggedOriginCharacters: { default: 100, unit: 'characters', bounds: 'a refused origin in the log; a longer one is not quoted' },

  // An answer.
  answerBytes: { default: 16_000_000, unit: 'bytes', bounds: 'an answer', min: 1_000 },
  answerErrors: { default: 500, unit: 'errors', bounds: 'errors in an answer; the last one counts the rest', min: 2 },
  answerFields: { default: 150_000, unit: 'fields', bounds: 'fields of an answer: each field once for every item of the lists around it, and one for each item' },

  // The log.
  loggedFailures: { default: 100, unit: 'lines', bounds: 'log lines in a minute for failed requests of one address with one code; further ones share one line' },
  loggedFailureAddresses: { default: 1_000, unit: 'addresses', bounds: 'pairs of address and code whose failures are counted separately; further ones are counted together' },
  repeatedWarningSeconds: { default: 10, unit: 'seconds', bounds: 'how long equal failures of a broker, the store or connections share one warning' },
  warnedCauses: { default: 100, unit: 'causes', bounds: 'different causes of failures that are remembered for `LIMIT_REPEATED_WARNING_SECONDS`' },
  loggedPathCharacters: { default: 200, unit: 'characters', bounds: 'the path of an unexpected error in its log line' },
  loggedErrors: { default: 5, unit: 'errors', bounds: 'unexpected errors of one answer that have a log line each; all are counted' },
  logFlushSeconds: { default: 1, unit: 'seconds', bounds: 'how long the process waits for a slow log when it ends', max: 60 },
  workerRestartSeconds: { default: 10, unit: 'seconds', bounds: 'the longest pause before a worker that has ended is started again (`WORKERS`)', max: 3_600 },
  disposalSeconds: { default: 5, unit: 'seconds', bounds: 'how long connections to stores may take to close', max: 60 },

  // Work at once.
  executionTurnMilliseconds: { default: 10, unit: 'milliseconds', bounds: 'how long operations may begin, and new documents be validated, in one turn of the event loop; the others wait for the next turn, and callers alternate', max: 1_000 },
  accountsAtOnce: { default: 20_000, unit: 'accounts', bounds: 'accounts in all operations in progress; further operations are refused with 503, small ones of browsers that are logged in at twice as many' },
  smallOperationAccounts: { default: 10, unit: 'accounts', bounds: 'accounts of an operation that counts as small', min: 0 },
  smallOperationPercent: { default: 10, unit: 'percent', bounds: 'share of `LIMIT_ACCOUNTS_AT_ONCE` that is kept for small operations', min: 0, max: 90 },

  // A Redis that replicas share.
  redisConnectSeconds: { default: 1, unit: 'seconds', bounds: 'how long connecting to Redis may take, and the longest pause before the next attempt', max: 60 },
  redisShareSeconds: { default: 60, unit: 'seconds', bounds: 'how long a gateway that has lost Redis goes on with its share of the rate limit, and how long the others leave the share of a killed gateway free', max: 3_600 },
  redisReplicas: { default: 256, unit: 'gateways', bounds: 'gateways that Redis lists as sharing its rate limit, its polls, or one watched account; a list with more is not one of theirs, is deleted, and is written anew', min: 2, max: 10_000 },
  redisAnswerMilliseconds: { default: 250, unit: 'milliseconds', bounds: 'how long Redis may take to answer for a rate limit, before this process counts alone', max: 10_000 },

  // Calls to a broker.
  callsPerOperation: { default: 3_000, unit: 'calls', bounds: 'calls of one operation: enough to read and log out a thousand accounts' },
  refusedCredentialSeconds: { default: 5, min: 0, max: 3_600, unit: 'seconds', bounds: 'how long a credential that the broker refused is refused without a call' },
  refusedCredentials: { default: 20_000, unit: 'credentials', bounds: 'credentials that are remembered as refused' },
  appTokenRenewalSeconds: { default: 60, unit: 'seconds', bounds: 'how long before its end the access token of an app is replaced, for a broker where apps have one', max: 3_600 },
  hostRedirects: { default: 2, unit: 'redirects', bounds: 'redirects of a login from host to host that are followed, for a broker with several hosts', max: 10 },
  knownHosts: { default: 10_000, unit: 'users', bounds: 'users whose host at a broker is remembered, for a broker with several hosts' },
  upstreamPauseSeconds: { default: 60, unit: 'seconds', bounds: 'the longest `Retry-After` of a broker that is obeyed: how long it holds back the calls of an app', max: 3_600 },
  upstreamBodyBytes: { default: 200_000, unit: 'bytes', bounds: 'the body of a broker’s answer, decompressed', min: 10_000 },
  upstreamNesting: { default: 16, unit: 'levels', bounds: 'nested objects and lists in a broker’s answer', min: 8, max: 1_000 },
  upstreamCalls: { default: 256, unit: 'calls', bounds: 'calls in flight to brokers, over all apps' },
  upstreamCallsPerCaller: { default: 128, unit: 'calls', bounds: 'calls in flight to brokers for one caller: an address or a keyring' },
  upstreamCallsUnproven: { default: 192, unit: 'calls', bounds: 'calls in flight with credentials that have not worked lately, logins excepted' },
  acceptedCredentials: { default: 10_000, unit: 'credentials', bounds: 'credentials remembered as having worked lately, for which a share of the budget is kept' },
  waitingCallsPerCaller: { default: 2_500, unit: 'calls', bounds: 'waiting calls of one caller, over all apps, in each lane; an operation with a waiting call is let in whole' },
  waitingCallsPerApp: { default: 4_000, unit: 'calls', bounds: 'calls that wait for the rate limit of one app, in each lane' },
  waitingCalls: { default: 20_000, unit: 'calls', bounds: 'waiting calls over all apps, in each lane' },
  sumIdAccounts: { default: 100, unit: 'accounts', bounds: 'accounts that the id of a sum can name, so that `node` finds the sum; each adds 11 characters to the id. Sums over all accounts of a request are found however many there are', max: 150 },
  userSearchCalls: { default: 16, unit: 'calls', bounds: 'profiles read at once when `node` looks for a User among header credentials' },
  heldAnswers: { default: 4_000, unit: 'answers', bounds: 'answers of each kind kept for `Cache-Control: max-age`' },
  credentialStreams: { default: 64, unit: 'streams', bounds: 'streams that watch one account with the same credential' },
  pollPauseSeconds: { default: 60, unit: 'seconds', bounds: 'the longest pause between two reads of a watched account after failures', max: 3_600 },
  watchedAccounts: { default: 20_000, unit: 'accounts', bounds: 'accounts watched by subscriptions at once' },
  sharedPolls: { default: 20_000, unit: 'accounts', bounds: 'watched accounts whose polls one process shares with other replicas on one Redis; it polls further ones by itself' },
  pollLeaseSeconds: { default: 6, unit: 'seconds', bounds: 'how long after the last heartbeat of a replica another one polls in its place; there are four heartbeats in that time', min: 1, max: 60 },
  sharedPollBytes: { default: 16_384, unit: 'bytes', bounds: 'a message of another replica about a watched account; a longer one is ignored', min: 8_192, max: 1_000_000 },
  sharedPollMessages: { default: 5_000, unit: 'messages', bounds: 'messages of other replicas that one process reads in a second; further ones are ignored' },
  sharedPollMessagesPerAccount: { default: 50, unit: 'messages', bounds: 'messages of other replicas about one watched account that one process reads in a second; further ones are ignored', max: 10_000 },
  sharedPollClockSeconds: { default: 30, unit: 'seconds', bounds: 'how far the clocks of a replica and of Redis may differ; beyond it the replica shares no polls. Messages that are older than twice that are ignored', max: 3_600 },

  // Sessions of browsers.
  keyringSessions: { default: 1_000, unit: 'sessions', bounds: 'active and expired sessions of one browser; a login beyond it ends the oldest one, an expired one first' },
  keyringEndedSessions: { default: 100, unit: 'sessions', bounds: 'sessions of one browser that are logged out, ended or replaced and stay listed; beyond it, the first to have ended is no longer listed', min: 0 },
  userProofSeconds: { default: 300, unit: 'seconds', bounds: 'how long an answer of the broker to a browser proves whose sessions the browser may list and end elsewhere; after it, one call proves it', max: 86_400 },
  sessionsElsewhere: { default: 1_000, unit: 'sessions', bounds: 'sessions of other browsers that one operation reads' },
  userSessions: { default: 100, unit: 'sessions', bounds: 'sessions of one user, over all browsers, that the user can list and end from another browser; the ones that expire last' },
  keyringDays: { default: 30, unit: 'days', bounds: 'how long a browser keeps its sessions, however often it is used', max: 400 },
  keyringIdleDays: { default: 7, unit: 'days', bounds: 'how long a browser that is not used keeps its sessions', max: 400 },
  endedSessionDays: { default: 7, unit: 'days', bounds: 'how long an ended session stays listed', max: 400 },
  keySetSeconds: { default: 300, unit: 'seconds', bounds: 'how long caches may keep the public keys at `/.well-known/jwks.json`', min: 0, max: 86_400 },
  retiredCookieSeconds: { default: 60, unit: 'seconds', bounds: 'how long a cookie works after a login has replaced it', max: 3_600 },
  labelCharacters: { default: 60, unit: 'characters', bounds: 'the label of an account, in characters as people count them' },
  labelBytes: { default: 2_000, unit: 'bytes', bounds: 'the label of an account, as UTF-8: one character may be made of many' },
  sessionMethods: { default: 10, unit: 'methods', bounds: 'authentication methods kept of a session: those of its login, then the last renewals' },
  sessionDevices: { default: 10, unit: 'devices', bounds: 'devices kept of a session: the last seen' },
  userAgentCharacters: { default: 256, unit: 'characters', bounds: 'the part of a user agent that is kept' },
  triedKeyrings: { default: 20, unit: 'browsers', bounds: 'browsers of the store on whose sessions `KEYRING_KEYS` is tried at the start', min: 0, max: 10_000 },
  unreadableLogMinutes: { default: 60, unit: 'minutes', bounds: 'the pause between two log lines about sessions of the store that no key of `KEYRING_KEYS` opens', max: 1_440 },
  storeTries: { default: 32, unit: 'tries', bounds: 'attempts at a change that concurrent changes keep overtaking, before the store counts as unavailable' },
  storeSeconds: { default: 1, unit: 'seconds', bounds: 'how long the store of browser sessions may take to answer, before it counts as unavailable', max: 60 },
  storeRestartSeconds: { default: 1, unit: 'seconds', bounds: 'the pause before the thread of an SQLite store is started again after it ended; until then the store counts as unavailable', max: 3_600 },
  cachedKeyrings: { default: 10_000, unit: 'keyrings', bounds: 'keyrings kept decrypted in memory; a request uses one only if the store says that it has not changed; 0 keeps none', min: 0 },
  cachedKeyringBytes: { default: 64_000_000, unit: 'bytes', bounds: 'encrypted sessions of the keyrings kept in memory, in all' },
  cachedKeyringSeconds: { default: 60, unit: 'seconds', bounds: 'how long a keyring is kept in memory before it is read from the store again', max: 3_600 },
  keyringStreams: { default: 64, unit: 'streams', bounds: 'streams that follow the sessions of one browser' },
  followedKeyrings: { default: 20_000, unit: 'browsers', bounds: 'browsers whose sessions are followed by streams at once' },
  keyringCheckSeconds: { default: 20, unit: 'seconds', bounds: 'the longest pause before a followed browser’s sessions are read again, in case a notice of a change was lost or came from a process that shares only the SQLite file', max: 3_600 },
  sessionExpiringMinutes: { default: 15, unit: 'minutes', bounds: 'how long before its estimated expiry a session is told as expiring', max: 1_440 },
  pendingLogins: { default: 8, unit: 'logins', bounds: 'logins that one browser has begun and not finished' },
  pendingLoginBytes: { default: 4_096, unit: 'bytes', bounds: 'cookies of the logins that one browser has begun', min: 2_048 },
  pendingLoginSeconds: { default: 600, unit: 'seconds', bounds: 'how long a login may take' },
  loginChallengeSeconds: { default: 600, unit: 'seconds', bounds: 'how long after a password the second step of a login may follow, for a broker without a login page', max: 600 },
  loginFormBytes: { default: 8_192, unit: 'bytes', bounds: 'the body of a form of the login page', min: 1_000 },
  returnToCharacters: { default: 500, unit: 'characters', bounds: 'a `returnTo`, of `/login` and of `App.loginUrl`', max: 1_000 },
  completedLoginSeconds: { default: 120, unit: 'seconds', bounds: 'how long the same redirect of a completed login still succeeds' },
  completedLogins: { default: 1_000, unit: 'logins', bounds: 'completed logins remembered for `LIMIT_COMPLETED_LOGIN_SECONDS`' },
  webhookEvents: { default: 20_000, unit: 'events', bounds: 'events in the store that are not delivered to `WEBHOOK_URL` yet; those of sessions that expire soon take at most half. Further events are lost and logged' },
  webhookRequests: { default: 4, unit: 'requests', bounds: 'requests of one process to `WEBHOOK_URL` at once', max: 100 },
  webhookSeconds: { default: 10, unit: 'seconds', bounds: 'how long the receiver of `WEBHOOK_URL` may take for an answer', max: 300 },
  webhookAnswerBytes: { default: 4_096, unit: 'bytes', bounds: 'how much of the body of such an answer is read' },
  webhookSweepSeconds: { default: 5, unit: 'seconds', bounds: 'the pause between two checks of the store for events that are due', max: 3_600 },
  webhookPauseSeconds: { default: 3_600, unit: 'seconds', bounds: 'the longest pause between two attempts to deliver an event', max: 86_400 },
  webhookDays: { default: 3, unit: 'days', bounds: 'how long an event is retried, before the gateway gives it up and logs that', max: 30 },
  pendingRevocations: { default: 10_000, unit: 'sessions', bounds: 'logouts that the broker has not confirmed and this process retries' },
  revocationSweepSeconds: { default: 10, unit: 'seconds', bounds: 'the pause between two checks of the store for logouts that another process left unconfirmed', max: 3_600 },
  revocationClaimSeconds: { default: 15, unit: 'seconds', bounds: 'how long after its next attempt an unconfirmed logout is left to the process that began it', max: 3_600 },
  revocationPauseSeconds: { default: 300, unit: 'seconds', bounds: 'the longest pause between two attempts at an unconfirmed logout' },
} as const satisfies Record<string, LimitDefinition>;

/** The name of a bound. */
export type LimitName = keyof typeof definitions;

/** A value for every bound. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Every bound by its name, in the order of the documentation. */
export const limitDefinitions: Readonly<Record<LimitName, LimitDefinition>> = definitions;

/** The names of all bounds. */
export const limitNames = Object.keys(definitions) as readonly LimitName[];

/** The environment variable of a bound: `requestBytes` is LIMIT_REQUEST_BYTES. */
export function limitVariable(name: LimitName): string {
  return `LIMIT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Every bound, with those given in place of the defaults. */
export function withDefaultLimits(given: Partial<Limits> = {}): Limits {
  const values = limitNames.map((name) => [name, given[name] ?? limitDefinitions[name].default]);
  return Object.freeze(Object.fromEntries(values));
}
