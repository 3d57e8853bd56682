// Plugin: counts requests of fetch by their client address, before anything else looks at them. Those of node:http have
// been counted where they came in.
import type { Plugin } from 'graphql-yoga';
import { isCheck, mountOf, type Routes } from '../plugins/routes.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import { refusedResponse } from '../request/refusal.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { type AddressLimits, carrierOf } from './address-limits.ts';
import type { FailureLog } from './failure-log.ts';

/** What requests are counted by. */
export interface UseAddressLimitsOptions {
  readonly addresses: AddressLimits;
  readonly routes: Routes;
  readonly readClientInfo: ClientInfoReader;
  readonly track: RequestTracker;
  readonly failures: FailureLog;
}

/** Refuses what is too much of one address; health checks are not counted. To be before all that answers. */
export function useAddressLimits(options: UseAddressLimitsOptions): Plugin {
  const { addresses, routes, readClientInfo, track, failures } = options;
  return {
    async onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      if (addresses.has(carrierOf({ request, serverContext }))) return;
      if (isCheck(routes.find(url.pathname, mountOf(serverContext)))) return;
      const address = readClientInfo(request, serverContext).ipAddress;
      const refusal = await addresses.enter(request, address);
      if (refusal === null) {
        // A request that is given up before its body is there has no response.
        if (request.signal.aborted) addresses.leave(request);
        else
          request.signal.addEventListener('abort', () => addresses.leave(request), { once: true });
        return;
      }
      const { Response } = fetchAPI;
      const about = { requestId: track(request).id, address, failures, Response };
      endResponse(refusedResponse(about, refusal));
    },
    onResponse({ request, serverContext }) {
      // One of node:http leaves when its answer is read, or given up.
      if (carrierOf({ request, serverContext }) === request) addresses.leave(request);
    },
  };
}
