// The way to Kite, put together: client, retry, budget, and a transport for each kind of call.
import { budgeted } from './budget.ts';
import { createKiteClient, type KiteClient } from './client.ts';
import { gotTransport } from './got-transport.ts';
import type { RateLog } from './rate-log.ts';
import { retryingGets } from './retry.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { undiciTransport } from './undici-transport.ts';

/** Where Kite is, how long a call may take, and how many may start. */
export interface UpstreamOptions extends TransportOptions {
  /** Which calls have started lately. */
  readonly rateLog: RateLog;
}

/** Kite's endpoints, and the way to close the connections to it. */
export interface Upstream {
  readonly kite: KiteClient;
  /** Lets calls under way finish. */
  readonly close: () => Promise<void>;
}

/** Connects nothing yet: the first call does. */
export function createUpstream({ rateLog, ...options }: UpstreamOptions): Upstream {
  const reads = undiciTransport(options);
  const writes = gotTransport(options);
  const send: Transport = (request, operation, onSent) =>
    (request.method === 'GET' ? reads.send : writes)(request, operation, onSent);
  // The budget is inside the retry: a second attempt takes a turn of its own.
  const kite = createKiteClient(retryingGets(budgeted(send, { log: rateLog })));
  return { kite, close: reads.close };
}
