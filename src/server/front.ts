// What happens to a request of node:http before anything else reads it: its target gets the usual form, and a request
// that is one too many of its address, that no URL can be made of, or that is for another host, is refused. A path
// that is not the gateway's goes to the server's next handler.
import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressLimits } from '../http/limits/address-limits.ts';
import type { FailureLog } from '../http/limits/failure-log.ts';
import { isCheck, type Routes } from '../http/plugins/routes.ts';
import type { CorsHeaders } from '../http/plugins/use-cors.ts';
import type { ClientInfoReader } from '../http/request/client-info.ts';
import type { Hosts } from '../http/request/origins.ts';
import { type Refusal, refusals, refuse } from '../http/request/refusal.ts';
import { onAnswerOver } from './answer-over.ts';
import { type Edge, requestHeadOf } from './edge.ts';

/** What the front judges by. */
export interface FrontOptions {
  readonly hosts: Hosts;
  readonly routes: Routes;
  readonly addresses: AddressLimits;
  readonly readClientInfo: ClientInfoReader;
  readonly failures: FailureLog;
  readonly corsHeadersFor: CorsHeaders;
  readonly edge: Edge;
}

/** The request of a server such as Express, which shortens its `url` by the path of a mount. */
interface MountedRequest extends IncomingMessage {
  originalUrl?: string;
  readonly baseUrl?: string;
}

/**
 * Puts the front and the edge before a gateway, for requests of `node:http`. Whatever else the gateway can do stays as
 * it is.
 */
export function withFront<Gateway extends object>(
  gateway: object,
  { hosts, routes, addresses, readClientInfo, failures, corsHeadersFor, edge }: FrontOptions,
): Gateway {
  /** Why a request is refused; null where it goes on, in the usual form. */
  const faultOf = (request: MountedRequest, hasTarget: boolean): Refusal | null => {
    if (!hasTarget) return refusals.target;
    const { host } = request.headers;
    // Only HTTP/1.0 has requests without a host.
    if (host === undefined) return request.httpVersionMinor > 0 ? refusals.host : null;
    const judged = hosts(host);
    if (judged === 'invalid') return refusals.host;
    if (judged === 'ours') return null;
    return isAboutHealth(routes, request) ? null : refusals.otherHost;
  };

  return new Proxy(gateway as Gateway, {
    apply(target, self, given: unknown[]) {
      const [request, response, next, ...more] = given;
      if (!(request instanceof IncomingMessage) || !(response instanceof ServerResponse)) {
        return Reflect.apply(target as CallableFunction as () => unknown, self, given);
      }
      if (typeof next === 'function' && !isOurs(routes, request)) return next();
      const hasTarget = normalizeTarget(request);
      const isHealth = isAboutHealth(routes, request);
      const head = requestHeadOf(request, response);
      const address = readClientInfo(head, { req: request }).ipAddress;
      const goOn = (overload: Refusal | null): unknown => {
        const fault = overload ?? faultOf(request, hasTarget);
        if (fault !== null) {
          const { origin = null } = request.headers;
          const allowed = Object.entries(corsHeadersFor(origin));
          for (const [name, value] of allowed) response.setHeader(name, value);
          if (allowed.length > 0) response.setHeader('vary', 'Origin');
          return refuse(request, response, fault, failures, address);
        }
        // An older proxy waits for the end of the connection, whatever else the answer says.
        if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0) {
          response.shouldKeepAlive = false;
        }
        const rest = typeof next === 'function' ? more : given.slice(2);
        if (rest.length === 0 && edge(request, response, head)) return;
        return Reflect.apply(target as CallableFunction as () => unknown, self, [
          request,
          response,
          ...rest,
        ]);
      };
      if (isHealth) return goOn(null);
      const entered = addresses.enter(request, address);
      if (addresses.has(request)) onAnswerOver(request, response, () => addresses.leave(request));
      return entered instanceof Promise ? entered.then(goOn) : goOn(entered);
    },
  });
}

/** What nearly every request asks for; it has the usual form. */
const usualTarget = '/graphql';

/** Whether a path is the gateway's; the home of a server's root is that server's own. */
function isOurs(routes: Routes, request: MountedRequest): boolean {
  const { baseUrl = '' } = request;
  const path = pathOf(request);
  const route = routes.find(path, baseUrl);
  return route === 'home' ? baseUrl !== '' || (routes.base !== '' && path !== '/') : route !== null;
}

/** Whether it is a health check, which any host may be asked for and which counts for no address. */
function isAboutHealth(routes: Routes, request: MountedRequest): boolean {
  return request.url !== usualTarget && isCheck(routes.find(pathOf(request), request.baseUrl));
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const address = url.startsWith('/') ? `http://localhost${url}` : url;
  return URL.parse(address)?.pathname ?? url;
}

/** Gives a target in absolute form, which proxies send, the form of a path, and its host to the Host header. */
function normalizeTarget(request: MountedRequest): boolean {
  for (const name of ['url', 'originalUrl'] as const) {
    const target = request[name];
    if (target === undefined || target === usualTarget) continue;
    if (/^https?:\/\//i.test(target)) {
      const url = URL.parse(target);
      if (url === null) return false;
      request.headers.host = url.host;
      request[name] = `${url.pathname}${url.search}`;
    } else if (!target.startsWith('/') || !URL.canParse(`http://localhost${target}`)) return false;
  }
  return true;
}
