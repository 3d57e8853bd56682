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
  keepAliveSeconds: { default: 75, unit: 'seconds', bounds: 'an idle connection; longer than the proxy in front keeps one, which may use it until then' },
  unreadableMilliseconds: { default: 1_000, unit: 'milliseconds', bounds: 'the time in which a client whose request cannot be read as HTTP may read its answer, before its connection is cut', max: 60_000 },
  stalledWriteSeconds: { default: 15, unit: 'seconds', bounds: 'a peer that takes nothing of its answer, before it is cut off' },
  unsentBytes: { default: 256_000_000, unit: 'bytes', bounds: 'answers that wait for their peers to read them, in all' },
  unsentBytesPerPeer: { default: 64_000_000, unit: 'bytes', bounds: 'the same for one address, or for one connection where a proxy is trusted' },

  logBytes: { default: 1_000_000, unit: 'bytes', bounds: 'log lines that wait for stderr to take them; those beyond are lost and counted' },

  // A request, before anything is executed.
  headerBytes: { default: 131_072, unit: 'bytes', bounds: 'the headers of a request: a thousand credentials, and room for those of a proxy', min: 8_192, max: 16_000_000 },
  requestBytes: { default: 100_000, unit: 'bytes', bounds: 'the body of a request' },
  credentials: { default: 1_000, unit: 'credentials', bounds: 'the credentials in the Authorization header of a request' },
  documentTokens: { default: 2_000, unit: 'tokens', bounds: 'a GraphQL document' },
  documentCacheCharacters: { default: 500_000, unit: 'characters', bounds: 'the texts of the documents that are kept parsed; the one asked for least recently goes first' },
  planUses: { default: 3, unit: 'uses', bounds: 'the uses of a document in a row before a plan of its execution is made', min: 0 },
  planCharacters: { default: 500_000, unit: 'characters', bounds: 'the documents that have a plan, each field of a plan as 20 more; one plan takes at most a tenth, and the one used least recently goes first; 0 makes none', min: 0 },
  documentDepth: { default: 16, unit: 'levels', bounds: 'nested fields of a document' },
  rootFields: { default: 100, unit: 'fields', bounds: 'the fields at the root of an operation' },
  deferredFragments: { default: 20, unit: 'fragments', bounds: 'the fragments of an operation with `@defer`' },
  introspectionAliases: { default: 5, unit: 'aliases', bounds: 'the aliases of `__schema` and `__type` and of fields below them', min: 0 },
  listItems: { default: 1_000, unit: 'values', bounds: 'a list in the variables or arguments' },
  textCharacters: { default: 2_000, unit: 'characters', bounds: 'a string in the variables or arguments' },

  // A client address: of IPv6, a network (/64).
  addressOperations: { default: 256, unit: 'operations', bounds: 'the requests of one client address in progress at once; `/health` is not counted' },
  addressOperationsPerMinute: { default: 6_000, unit: 'operations', bounds: 'the requests of one client address in a minute, over all replicas on one Redis; `/health` is not counted, nor the loopback without `TRUST_PROXY`' },
  loginAttempts: { default: 30, unit: 'attempts', bounds: 'the request tokens that one client address may redeem in a minute with the gateway’s secret, over all replicas on one Redis' },
  countedAddresses: { default: 50_000, unit: 'addresses', bounds: 'addresses whose requests, and as many whose attempts, one process counts by the minute' },
  addressStreams: { default: 64, unit: 'streams', bounds: 'the open streams of one client address: subscriptions, and answers in parts' },

  // What comes back.
  redirectParams: { default: 10, unit: 'parameters', bounds: 'the `redirectParams` of `App.brokerLoginUrl`' },
  redirectParamsCharacters: { default: 500, unit: 'characters', bounds: 'the names and values of those, all together' },
  loggedOrigins: { default: 100, unit: 'origins', bounds: 'refused origins that the log names, each once' },
  loggedOriginCharacters: { default: 100, unit: 'characters', bounds: 'a refused origin that the log names; a longer one is not quoted' },

  // An answer.
  answerBytes: { default: 16_000_000, unit: 'bytes', bounds: 'an answer', min: 1_000 },
  answerErrors: { default: 500, unit: 'errors', bounds: 'the errors of an answer; the last one counts the rest', min: 2 },
  answerFields: { default: 150_000, unit: 'fields', bounds: 'an answer: each field once for every item of the lists around it, and each item as one more' },

  // The log.
  loggedFailures: { default: 100, unit: 'lines', bounds: 'failed requests of one address with one code in a minute that have a line each; those beyond it are counted in one line' },
  loggedFailureAddresses: { default: 1_000, unit: 'addresses', bounds: 'addresses, with each code, whose failures are counted apart; those beyond it together' },
  repeatedWarningSeconds: { default: 10, unit: 'seconds', bounds: 'the time in which equal failures of a broker, the store or connections are one warning' },
  warnedCauses: { default: 100, unit: 'causes', bounds: 'the different causes of failures that are remembered for that' },
  loggedPathCharacters: { default: 200, unit: 'characters', bounds: 'the path of an unexpected error in its log line' },
  loggedErrors: { default: 5, unit: 'errors', bounds: 'unexpected errors of one answer that the log tells one by one; all are counted' },
  logFlushSeconds: { default: 1, unit: 'seconds', bounds: 'the time for which the end of the process waits for a slow log', max: 60 },
  disposalSeconds: { default: 5, unit: 'seconds', bounds: 'the time that connections to stores may take to close', max: 60 },

  // Work at once.
  executionTurnMilliseconds: { default: 10, unit: 'milliseconds', bounds: 'the time in one turn of the event loop in which operations may begin and new documents be validated; the others wait for the next, callers in turn', max: 1_000 },
  accountsAtOnce: { default: 20_000, unit: 'accounts', bounds: 'accounts of all operations that are being answered; beyond it operations are refused with 503' },
  smallOperationAccounts: { default: 10, unit: 'accounts', bounds: 'an operation that may use what is kept for small ones', min: 0 },
  smallOperationPercent: { default: 10, unit: 'percent', bounds: 'the share of `LIMIT_ACCOUNTS_AT_ONCE` that is kept for those', min: 0, max: 90 },

  // A Redis that replicas share.
  redisConnectSeconds: { default: 1, unit: 'seconds', bounds: 'the time that a connection to Redis may take, and the longest pause before the next one', max: 60 },
  redisAnswerMilliseconds: { default: 250, unit: 'milliseconds', bounds: 'the time in which Redis may answer for a rate limit, before this process counts by itself', max: 10_000 },

  // Calls to a broker.
  callsPerOperation: { default: 3_000, unit: 'calls', bounds: 'the calls of one operation: a thousand accounts read whole and logged out' },
  refusedCredentialSeconds: { default: 5, min: 0, max: 3_600, unit: 'seconds', bounds: 'the time in which a credential that the broker refused is refused without a call' },
  refusedCredentials: { default: 20_000, unit: 'credentials', bounds: 'credentials that are remembered as refused' },
  upstreamPauseSeconds: { default: 60, unit: 'seconds', bounds: 'the longest time for which a `Retry-After` of a broker holds back the calls of an app', max: 3_600 },
  upstreamBodyBytes: { default: 200_000, unit: 'bytes', bounds: 'the body of an answer from a broker, without its compression', min: 10_000 },
  upstreamNesting: { default: 16, unit: 'levels', bounds: 'objects and lists inside each other in an answer from a broker', min: 8, max: 1_000 },
  upstreamCalls: { default: 256, unit: 'calls', bounds: 'calls in flight to brokers, over all apps' },
  upstreamCallsPerCaller: { default: 128, unit: 'calls', bounds: 'calls in flight to brokers of one caller: an address or a keyring' },
  upstreamCallsUnproven: { default: 192, unit: 'calls', bounds: 'calls in flight with credentials that have not worked lately, logins aside' },
  acceptedCredentials: { default: 10_000, unit: 'credentials', bounds: 'credentials remembered as having worked lately, for which a share of the budget is kept' },
  waitingCallsPerCaller: { default: 2_500, unit: 'calls', bounds: 'calls of one caller that wait, over all apps, in each lane; an operation that has begun to wait is let in whole' },
  waitingCallsPerApp: { default: 4_000, unit: 'calls', bounds: 'calls of one app that wait for its rate limit, in each lane' },
  waitingCalls: { default: 20_000, unit: 'calls', bounds: 'calls that wait, over all apps, in each lane' },
  sumIdAccounts: { default: 100, unit: 'accounts', bounds: 'the chosen accounts that the id of a sum can tell, so that `node` finds it; each adds 11 characters to the id. Sums over all accounts of a request are found however many those are', max: 150 },
  userSearchCalls: { default: 16, unit: 'calls', bounds: 'profiles read at once where `node` looks for a User among header credentials' },
  heldAnswers: { default: 4_000, unit: 'answers', bounds: 'answers kept for `Cache-Control: max-age`, of each kind' },
  credentialStreams: { default: 64, unit: 'streams', bounds: 'the streams that watch one account by the same credential' },
  pollPauseSeconds: { default: 60, unit: 'seconds', bounds: 'the longest pause between two reads of a watched account that failures lead to', max: 3_600 },
  watchedAccounts: { default: 20_000, unit: 'accounts', bounds: 'accounts followed by subscriptions at once' },

  // Sessions of browsers.
  keyringSessions: { default: 1_000, unit: 'sessions', bounds: 'the sessions of one browser, those that have ended included' },
  keyringDays: { default: 30, unit: 'days', bounds: 'the time in which a browser keeps its sessions, however busy it is', max: 400 },
  keyringIdleDays: { default: 7, unit: 'days', bounds: 'the time in which a browser that is not used keeps its sessions', max: 400 },
  endedSessionDays: { default: 7, unit: 'days', bounds: 'the time in which a session that has ended stays listed', max: 400 },
  retiredCookieSeconds: { default: 60, unit: 'seconds', bounds: 'the time in which a cookie still works that a login has replaced', max: 3_600 },
  sessionDevices: { default: 10, unit: 'devices', bounds: 'the devices remembered of a session: those seen last' },
  userAgentCharacters: { default: 256, unit: 'characters', bounds: 'what is kept of a user agent' },
  storeTries: { default: 32, unit: 'tries', bounds: 'the tries of a change that other changes overtake, before the store counts as unavailable' },
  storeSeconds: { default: 1, unit: 'seconds', bounds: 'the time in which the store of browser sessions may answer nothing, before it counts as unavailable', max: 60 },
  storeRestartSeconds: { default: 1, unit: 'seconds', bounds: 'the pause between two starts of the thread of an SQLite store that ends by itself; until then the store counts as unavailable', max: 3_600 },
  cachedKeyrings: { default: 10_000, unit: 'keyrings', bounds: 'keyrings kept decrypted in memory, which a request uses only where the store says that nothing has changed; 0 keeps none', min: 0 },
  cachedKeyringBytes: { default: 64_000_000, unit: 'bytes', bounds: 'those keyrings, all together, by the length of their encrypted sessions' },
  cachedKeyringSeconds: { default: 60, unit: 'seconds', bounds: 'the time that one is kept before it is read from the store as a whole again', max: 3_600 },
  pendingLogins: { default: 8, unit: 'logins', bounds: 'logins that one browser has begun and not finished' },
  pendingLoginBytes: { default: 4_096, unit: 'bytes', bounds: 'the cookies of those logins, all together', min: 2_048 },
  pendingLoginSeconds: { default: 600, unit: 'seconds', bounds: 'the time that a login may take' },
  returnToCharacters: { default: 500, unit: 'characters', bounds: 'a `returnTo`, that of `/login` and that of `App.loginUrl`', max: 1_000 },
  completedLoginSeconds: { default: 120, unit: 'seconds', bounds: 'how long the same redirect of a completed login still ends logged in' },
  completedLogins: { default: 1_000, unit: 'logins', bounds: 'completed logins kept for that' },
  pendingRevocations: { default: 10_000, unit: 'sessions', bounds: 'logouts that the broker has not confirmed, retried at once in the background' },
  revocationSweepSeconds: { default: 10, unit: 'seconds', bounds: 'the pause between two looks into the store for logouts that another process left behind', max: 3_600 },
  revocationClaimSeconds: { default: 15, unit: 'seconds', bounds: 'how long such a logout is left to its own process beyond its next try', max: 3_600 },
  revocationPauseSeconds: { default: 300, unit: 'seconds', bounds: 'the longest pause between two tries of such a logout' },
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
