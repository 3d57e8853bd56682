// Plugin: only the gateway's own hosts and exact paths are answered, by the methods that they have.
import type { Plugin } from 'graphql-yoga';
import type { FailureLog } from '../limits/failure-log.ts';
import { page } from '../login/page.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import type { Hosts } from '../request/origins.ts';
import { type Refusal, refusals, refusedResponse, unexpectedResponse } from '../request/refusal.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import type { Readiness } from './readiness.ts';
import { isCheck, mountOf, type Routes } from './routes.ts';

/** What the routes are judged by. */
export interface RoutesOptions {
  readonly hosts: Hosts;
  readonly routes: Routes;
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly failures: FailureLog;
  /** What /ready tells. */
  readonly readiness: Readiness;
  /** Whether browsers that open the gateway's home are led to GraphiQL. */
  readonly graphiql: boolean;
  /** Whether the gateway's home is the console. */
  readonly console: boolean;
}

/** Refuses what is not the gateway's, and answers its home and health. To be before all that answers paths of it. */
export function useRoutes(options: RoutesOptions): Plugin {
  const { hosts, routes, track, readClientInfo, failures, readiness, graphiql } = options;
  return {
    onResponse({ response }) {
      // They are about one connection, which is the server's business: HTTP/1.0 knows no chunks.
      response.headers.delete('transfer-encoding');
      response.headers.delete('connection');
    },
    async onRequest({ request, url, serverContext, fetchAPI, endResponse, ...hook }) {
      const { Response } = fetchAPI;
      const about = () => {
        const address = readClientInfo(request, serverContext).ipAddress;
        return { requestId: track(request).id, address, failures, Response };
      };
      const refuse = (refusal: Refusal) => endResponse(refusedResponse(about(), refusal));
      const mount = mountOf(serverContext);
      const route = routes.find(url.pathname, mount);
      if (!isCheck(route) && hosts(url.host) !== 'ours') {
        return refuse(refusals[hosts(url.host) === 'invalid' ? 'host' : 'otherHost']);
      }
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const address = `${routes.base || mount}/graphql`;
      if (route === null) {
        const isPage = isRead && (request.headers.get('accept') ?? '').includes('text/html');
        if (!isPage) return refuse(refusals.path);
        const links = graphiql ? [{ text: 'Open GraphiQL', url: address }] : [];
        const home = `${routes.base || mount}/`;
        if (options.console) links.unshift({ text: 'Open the console', url: home });
        return endResponse(page(404, 'Not found', `GraphQL is at ${address}.`, links));
      }
      // Yoga answers every method of the GraphQL address.
      if (route === 'graphql') {
        const { requestHandler } = hook;
        hook.setRequestHandler(async (...words) => {
          try {
            return await requestHandler(...words);
          } catch (error) {
            // Yoga would answer with the stack.
            return unexpectedResponse(about(), error);
          }
        });
        return;
      }
      if (route === 'credentials') {
        if (request.method === 'POST') return;
        const message = 'Send a POST request to this path.';
        return refuse({ status: 405, message, headers: { allow: 'POST' } });
      }
      // The forms of the login page come by POST.
      if (route === 'login' && request.method === 'POST') return;
      // A login is begun or finished by GET alone: HEAD is how some software looks at a link first.
      const isLogin = route === 'login' || route === 'callback';
      if (!isRead || (isLogin && request.method === 'HEAD')) {
        const message = 'Send a GET request to this path.';
        const onLogin = route === 'login' ? 'GET, POST' : 'GET';
        return refuse({
          status: 405,
          message,
          headers: { allow: isLogin ? onLogin : 'GET, HEAD' },
        });
      }
      if (isCheck(route)) {
        const reasons = route === 'health' ? [] : await readiness();
        const isFine = reasons.length === 0;
        const headers = {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          ...(!isFine && { 'retry-after': '1' }),
        };
        const body = JSON.stringify(isFine ? { status: 'ok' } : { status: 'not ready', reasons });
        return endResponse(new Response(body, { status: isFine ? 200 : 503, headers }));
      }
      if (route !== 'home' || options.console) return;
      const text = `This is a GraphQL API. It is at ${address}.`;
      if (!graphiql) return endResponse(page(200, 'kite-graphql', text));
      endResponse(new Response(null, { status: 302, headers: { location: address } }));
    },
  };
}
