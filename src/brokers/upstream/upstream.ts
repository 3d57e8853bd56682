// The way to a broker, put together: the budget, which also retries, and a transport for each kind of call.

import type { Agent, AgentOptions } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Limits } from '../../limits.ts';
import type { Broker } from '../broker.ts';
import { type Credential, digestOf } from '../credential.ts';
import { budgeted, jitter } from './budget/budget.ts';
import { BudgetQueues } from './budget/budget-queues.ts';
import { AcceptedCredentials, RefusedCredentials } from './budget/known-credentials.ts';
import type { RateLog } from './budget/rate-log/rate-log.ts';
import { gotTransport } from './got-transport.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { undiciTransport } from './undici-transport.ts';

/** Where a broker is, how long a call may take, and how many may start. */
export interface UpstreamOptions extends TransportOptions {
  readonly limits: Limits;
  /** Which calls have started lately. */
  readonly rateLog: RateLog;
  /** Told of each answer that closes the window of an app. */
  readonly onClosed?: ((apiKey: string) => void) | undefined;
}

/** The way to a broker. */
export interface Upstream {
  readonly send: Transport;
  /** The credentials that the broker has just refused. */
  readonly refused: RefusedCredentials;
  /** Tells of a credential that the broker has just handed out. */
  readonly onObtained: (credential: Credential) => void;
  readonly budgetOf: Broker['budgetOf'];
  /** Waits for calls in flight. */
  readonly close: () => Promise<void>;
}

/** Connects nothing yet: the first call does. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { rateLog, limits, onClosed } = options;
  const writes = gotTransport(options);
  const reads = hasProxy(options.baseUrl)
    ? { send: writes, close: async () => {} }
    : undiciTransport(options);
  const accepted = new AcceptedCredentials(limits.acceptedCredentials);
  const budget = { log: rateLog, limits, accepted, onClosed };
  const queues = new BudgetQueues(budget);
  return {
    send: budgeted(reads.send, { ...budget, retryDelay: jitter, writes }, queues),
    refused: new RefusedCredentials(limits.refusedCredentialSeconds, limits.refusedCredentials),
    onObtained: (credential) => accepted.add(digestOf(credential)),
    budgetOf: async (apiKey) => {
      const idle = { used: 0, closedMilliseconds: 0 };
      const usage = apiKey === null ? idle : await rateLog.usage(apiKey);
      return { limit: rateLog.limit, ...usage, waiting: queues.waiting(apiKey) };
    },
    close: reads.close,
  };
}

/**
 * Whether Node was told of a proxy for this address (NODE_USE_ENV_PROXY, HTTP_PROXY, HTTPS_PROXY). got calls through
 * Node's own client, which follows these variables and NO_PROXY; undici knows nothing of them. So behind a proxy
 * got makes all calls, and reads and writes take the same way.
 */
function hasProxy({ protocol }: URL): boolean {
  const isSecure = protocol === 'https:';
  // Node's types leave out that an agent of http has its options too.
  const agent = (isSecure ? https : http).globalAgent as Agent & {
    readonly options?: AgentOptions;
  };
  const { proxyEnv } = agent.options ?? {};
  return isSecure
    ? Boolean(proxyEnv?.https_proxy || proxyEnv?.HTTPS_PROXY)
    : Boolean(proxyEnv?.http_proxy || proxyEnv?.HTTP_PROXY);
}
