// What a resolver gets: who is asking, loaders, services. New for every operation; making it costs no I/O.
import type { Apps } from './apps.ts';
import type { BrowserKeyring } from './browser-keyring.ts';
import type { SessionRecord } from './keyring/session-record.ts';
import type { KiteClient } from './kite/client.ts';
import type { Credential } from './kite/credential.ts';
import { type Account, accountOf } from './loaders/account.ts';
import { createLoaders, type Loaders } from './loaders/loaders.ts';

/** What lives as long as the gateway. */
export interface Services {
  readonly kite: KiteClient;
  readonly apps: Apps;
  /** Whether answers to exchangeToken and renewSession may hold tokens. */
  readonly exposeTokens: boolean;
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
  /** The Authorization scheme that was seen and is not ours; null where there was none fit to repeat. */
  readonly foreignScheme: string | null;
  /** The keyring of the browser that asks; used where no credentials came. */
  readonly keyring: BrowserKeyring;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
}

/** One account that a request reaches. */
export interface ReachedAccount {
  /** Opaque; known without an upstream call. */
  readonly id: string;
  /** The app through which it is reached. */
  readonly apiKey: string;
  /** What loaders read it through; null once its session has ended, so that no call is made in vain. */
  readonly access: Account | null;
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
  readonly loaders: Loaders;
  /** Fires at the operation's deadline. Writes heed only this: a client that leaves does not undo them. */
  readonly deadline: AbortSignal;
}

/** Makes the context of one operation. */
export function createContext(services: Services, caller: Caller): Context {
  const deadline = AbortSignal.timeout(services.operationTimeoutMilliseconds);
  return {
    ...services,
    requestId: caller.requestId,
    accounts: reachedBy(caller),
    foreignScheme: caller.foreignScheme,
    keyring: caller.keyring,
    loaders: createLoaders(services.kite, services.now, either(caller.signal, deadline)),
    deadline,
  };
}

function reachedBy({ credentials, keyring }: Caller): readonly ReachedAccount[] {
  // The header wins, whole: the two are never merged.
  if (credentials.length > 0) return credentials.map(accountOfHeader);
  return keyring.sessions.filter(({ state }) => state !== 'REVOKED').map(accountOfSession);
}

function accountOfHeader(credential: Credential): ReachedAccount {
  const access = accountOf(credential);
  return { id: access.id, apiKey: credential.apiKey, access, session: null };
}

/** The account of a keyring's session. Its id outlives the session. */
export function accountOfSession(session: SessionRecord): ReachedAccount {
  const { accountId: id, apiKey, accessToken } = session;
  const access = accessToken && { id, credential: { apiKey, accessToken } };
  return { id, apiKey, access, session };
}

// Not AbortSignal.any: Yoga's signals of requests are its own, which that refuses.
function either(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const end = () => controller.abort(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }
  return controller.signal;
}
