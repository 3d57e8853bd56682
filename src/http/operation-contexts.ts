// From a request to the context of its operation: whose accounts it reaches, and its turn among those of all callers.
import { OperationCost } from '../brokers/upstream/report/operation-cost.ts';
import { type Caller, type Context, createContext, type Services } from '../context.ts';
import { AccountLoad, ExecutionTurns } from './limits/admission.ts';
import type { BrowserKeyrings } from './login/browser-keyrings.ts';
import { openBrowserKeyring } from './login/request-keyring.ts';
import type { OperationsOptions } from './plugins/use-operations.ts';
import { costHeader } from './reports/operation-cost.ts';
import { acceptedAge } from './request/accept.ts';
import { type ClientInfoReader, callerIdOf } from './request/client-info.ts';
import { readCredentials } from './request/credentials.ts';
import type { KeyringRequest } from './request/keyring-request.ts';

/** What contexts are made from. */
export interface OperationContextsOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly readClientInfo: ClientInfoReader;
  readonly keyringRequest: (request: Request, serverContext: unknown) => KeyringRequest;
  /** Told of each request and its client address, whose origin may be one that is refused. */
  readonly logRefusedOrigin: (request: Request, address: string | null) => void;
}

/** Makes the contexts of a gateway's operations. `contextFor` throws RATE_LIMITED where the gateway has no room. */
export function createOperationContexts(
  options: OperationContextsOptions,
): Pick<OperationsOptions, 'turnFor' | 'contextFor'> {
  const { services, browsers, readClientInfo, keyringRequest, logRefusedOrigin } = options;
  const { broker, limits } = services;
  const load = new AccountLoad(limits);
  const turns = new ExecutionTurns(limits.executionTurnMilliseconds);
  return {
    // Before the keyring is opened, the address is all that is known of the caller.
    turnFor: (request, serverContext) =>
      turns.take(callerIdOf(null, readClientInfo(request, serverContext))),

    contextFor(request, serverContext) {
      const who = readCredentials(request.headers, broker.credentialSchemes, limits.credentials);
      const hasCredentials = who.credentials.length > 0;
      const about = keyringRequest(request, serverContext);
      logRefusedOrigin(request, about.device.ipAddress);
      const begin = (keyring: Caller['keyring'], callerId: string): Context => {
        const context = createContext(services, {
          requestId: about.requestId,
          credentials: who.credentials,
          foreignScheme: who.foreignScheme,
          keyring,
          callerId,
          cost: request.headers.get(costHeader) === 'true' ? new OperationCost() : null,
          maxAgeSeconds: acceptedAge(request.headers.get('cache-control')),
          signal: request.signal,
        });
        const { length } = context.accounts;
        const isLoggedIn = keyring.id !== null && !hasCredentials && length > 0;
        try {
          context.deadline.onEnd(load.enter(callerId, length, isLoggedIn));
        } catch (error) {
          context.deadline.end();
          throw error;
        }
        return context;
      };
      const takeTurn = (keyring: Caller['keyring']) => {
        const callerId = callerIdOf(keyring.id, about.device);
        const turn = turns.take(callerId);
        return turn === undefined
          ? begin(keyring, callerId)
          : turn.then(() => begin(keyring, callerId));
      };
      const keyring = openBrowserKeyring(browsers, about, hasCredentials);
      return keyring instanceof Promise ? keyring.then(takeTurn) : takeTurn(keyring);
    },
  };
}
