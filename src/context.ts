// What a resolver gets: who is asking, loaders, services. New for every operation; making it costs no I/O.
import type { Apps } from './apps.ts';
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
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
}

/** The context of one operation. */
export interface Context extends Services {
  readonly requestId: string;
  /** Every account that this request reaches, in the credentials' order. */
  readonly accounts: readonly Account[];
  readonly foreignScheme: string | null;
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
    accounts: caller.credentials.map(accountOf),
    foreignScheme: caller.foreignScheme,
    loaders: createLoaders(services.kite, services.now, either(caller.signal, deadline)),
    deadline,
  };
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
