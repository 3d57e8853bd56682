// What a resolver gets: who is asking, loaders, services. New for every operation; making it costs no I/O.

import type { GraphQLError } from 'graphql';
import type { Apps } from './brokers/apps.ts';
import { type BrokerName, defaultBroker } from './brokers/broker-name.ts';
import type { Brokers } from './brokers/brokers.ts';
import { type Credential, credentialOf } from './brokers/credential.ts';
import { Deadline } from './brokers/upstream/operation.ts';
import type { OperationCost } from './brokers/upstream/report/operation-cost.ts';
import type { BrowserKeyring } from './browser-keyring.ts';
import type { IdDigest } from './keyring/crypto/id-digest.ts';
import type { SessionRecord } from './keyring/session-record.ts';
import type { Limits } from './limits.ts';
import type { LiveMargins } from './live/live-margins.ts';
import { type Account, accountOf, Loaders, SessionReads } from './loaders/loaders.ts';
import type { SharedReads } from './loaders/shared-reads.ts';
import type { TokenIssuer } from './session-tokens/token-issuer.ts';
import { AnswerMeter } from './shared/answer-meter.ts';
import type { Cancellable } from './shared/cancellation.ts';
import type { Countries } from './shared/countries.ts';
import type { ReturnToRule } from './shared/return-to.ts';

/** What lives as long as the gateway. */
export interface Services {
  /** For what changes something; reads go through the loaders. */
  readonly broker: Brokers;
  /** What requests share of reads. */
  readonly reads: SharedReads;
  /** Margins as they change. */
  readonly live: LiveMargins;
  readonly apps: Apps;
  /** Where a login may lead. */
  readonly returnTo: ReturnToRule;
  /** Whether the Authorization header may carry credentials of an app. */
  readonly acceptsHeaderOf: (credential: Pick<Credential, 'broker' | 'apiKey'>) => boolean;
  /** Bounds on what a request may cost. */
  readonly limits: Limits;
  /** Whether answers to exchangeToken and renewSession may hold tokens. */
  readonly exposeTokens: boolean;
  /** Issues tokens for other services; null where the operator has set no keys. */
  readonly tokens: TokenIssuer | null;
  /** The countries of client addresses. */
  readonly countries: Countries;
  /** What stands in ids for what they must not show. */
  readonly digest: IdDigest;
  /** Milliseconds for one operation, waiting and retries included. */
  readonly operationTimeoutMilliseconds: number;
  /** The time; replaceable, so that tests own it. */
  readonly now: () => Date;
}

/** Who is asking, as the HTTP layer read it. */
export interface Caller {
  /** Goes into the answer's X-Request-Id, every error and every log line. */
  readonly requestId: string;
  /** In the order they came; equal pairs once. */
  readonly credentials: readonly Credential[];
  /** An Authorization scheme other than `token`; null if there is no such scheme or it is unsafe to repeat. */
  readonly foreignScheme: string | null;
  /** Seconds: the greatest age that an answer of a broker may have for this caller. 0 for fresh ones. */
  readonly maxAgeSeconds: number;
  /** Counts what its operation costs; null where the request does not ask for that. */
  readonly cost: OperationCost | null;
  /** The keyring of the browser that asks; used where no credentials came. */
  readonly keyring: BrowserKeyring;
  /** Who takes turns as one with all of its operations: a keyring, an address, or `unknown`. */
  readonly callerId: string;
  /** Fires when the client goes away. */
  readonly signal: Cancellable;
}

/** One account that a request reaches. */
export interface ReachedAccount {
  /** Opaque; known without an upstream call. */
  readonly id: string;
  readonly broker: BrokerName;
  /** The app through which it is reached. */
  readonly apiKey: string;
  /** What loaders read it through; null once its session has ended, so that no call is made in vain. */
  readonly access: Account | null;
  /** Whether this gateway takes no header credentials of the account's app. */
  readonly denied: boolean;
  /** Its session in the browser's keyring; null with header credentials. */
  readonly session: SessionRecord | null;
}

/** The context of one operation. */
export interface Context extends Services {
  readonly requestId: string;
  /** Every account that this request reaches: the credentials' in their order, or the keyring's, newest first. */
  readonly accounts: readonly ReachedAccount[];
  readonly foreignScheme: string | null;
  readonly keyring: BrowserKeyring;
  /** As the caller's. */
  readonly callerId: string;
  readonly loaders: Loaders;
  /** The problems that the answer tells of as data. */
  readonly failures: FailureCounts;
  /** Errors that stand beside a field which has a value all the same. */
  readonly besides: GraphQLError[];
  /** How large the answer has become. */
  readonly answer: AnswerMeter;
  /** The reads of this operation by session. */
  readonly sessionReads: SessionReads;
  /**
   * The operation's deadline, under which writes run: a client that leaves does not undo them.
   * The creator of the context ends it with the operation.
   */
  readonly deadline: Deadline;
  /** As the caller's. */
  readonly maxAgeSeconds: number;
  /** As the caller's. */
  readonly cost: OperationCost | null;
  /** Fires when the client goes away. */
  readonly signal: Cancellable;
}

/** Makes the context of one operation. */
export function createContext(services: Services, caller: Caller): Context {
  const { requestId, foreignScheme, keyring, callerId, maxAgeSeconds, cost, signal } = caller;
  const { deadline, loaders, answer, sessionReads } = beginOperation(services, caller);
  // Written out: an object that is spread from others and grows takes several times the memory.
  return {
    broker: services.broker,
    reads: services.reads,
    live: services.live,
    apps: services.apps,
    returnTo: services.returnTo,
    acceptsHeaderOf: services.acceptsHeaderOf,
    limits: services.limits,
    exposeTokens: services.exposeTokens,
    tokens: services.tokens,
    countries: services.countries,
    digest: services.digest,
    operationTimeoutMilliseconds: services.operationTimeoutMilliseconds,
    now: services.now,
    deadline,
    loaders,
    answer,
    sessionReads,
    requestId,
    accounts: reachedBy(caller, services),
    failures: new FailureCounts(),
    besides: [],
    foreignScheme,
    keyring,
    callerId,
    maxAgeSeconds,
    cost,
    signal,
  };
}

/**
 * The context of one event of a subscription: that of the subscription, but with a deadline and loaders of its own,
 * since a subscription outlives any deadline, and what was loaded for one event is old by the next.
 */
export function contextOfEvent<C extends Context>(context: C): C {
  return { ...context, ...beginOperation(context, context) };
}

function beginOperation(
  { reads, limits, operationTimeoutMilliseconds }: Services,
  caller: Pick<Caller, 'callerId' | 'requestId' | 'maxAgeSeconds' | 'cost' | 'signal'>,
): Pick<Context, 'loaders' | 'sessionReads' | 'deadline' | 'answer'> {
  const { callerId, requestId, maxAgeSeconds, cost, signal } = caller;
  const deadline = new Deadline(
    operationTimeoutMilliseconds,
    callerId,
    requestId,
    limits.callsPerOperation,
    cost,
  );
  const loaders = new Loaders(reads, { operation: deadline.unless(signal), maxAgeSeconds });
  const answer = new AnswerMeter(limits);
  return { loaders, sessionReads: new SessionReads(), deadline, answer };
}

function reachedBy(
  { credentials, keyring }: Caller,
  { acceptsHeaderOf }: Services,
): readonly ReachedAccount[] {
  // The header wins, whole: the two are never merged.
  if (credentials.length > 0) {
    return credentials.map((credential) => {
      const account = reachedByCredential(credential);
      return acceptsHeaderOf(credential) ? account : { ...account, access: null, denied: true };
    });
  }
  const { sessions } = keyring;
  const known = accountsOfSessions.get(sessions);
  if (known !== undefined) return known;
  const accounts = sessions
    .filter(({ state }) => state === 'ACTIVE' || state === 'EXPIRED')
    .map(reachedBySession);
  accountsOfSessions.set(sessions, accounts);
  return accounts;
}

/** Made once for as long as a keyring is unchanged: its sessions are the same list until then. */
const accountsOfSessions = new WeakMap<readonly SessionRecord[], readonly ReachedAccount[]>();

/** The account that a credential opens, without a session of a keyring. */
export function reachedByCredential(credential: Credential): ReachedAccount {
  const access = accountOf(credential);
  const { apiKey, broker = defaultBroker } = credential;
  return { id: access.id, broker, apiKey, access, denied: false, session: null };
}

/** The account of a keyring's session. Its id outlives the session. */
export function reachedBySession(session: SessionRecord): ReachedAccount {
  const { accountId: id, broker, apiKey, accessToken, state } = session;
  // While a logout waits for the broker the token is still there, and only to be ended.
  const isOpen = state === 'ACTIVE' && accessToken !== null;
  const access = isOpen ? { id, credential: credentialOf(session, accessToken) } : null;
  return { id, broker, apiKey, access, denied: false, session };
}

/** Counts failures, each object once: a field may be resolved under many aliases, or not be selected at all. */
export class FailureCounts {
  /** Most operations have none. */
  #counted: Set<object> | null = null;
  #byCode: Record<string, number> | undefined;

  /** Counts a failure that was not counted yet. */
  add(failure: { readonly code: string }): void {
    this.#counted ??= new Set();
    if (this.#counted.has(failure)) return;
    this.#counted.add(failure);
    this.#byCode ??= {};
    this.#byCode[failure.code] = (this.#byCode[failure.code] ?? 0) + 1;
  }

  /** The number of failures for each code; undefined without failures. */
  get byCode(): Readonly<Record<string, number>> | undefined {
    return this.#byCode;
  }
}
