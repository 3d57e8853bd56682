// Plugin: GET /session, by which a reverse proxy asks whose session a request belongs to before it passes the request on.
import type { Plugin } from 'graphql-yoga';
import type { Services } from '../../context.ts';
import type { DeviceHint } from '../../keyring/device.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import type { BrowserKeyrings } from '../login/browser-keyrings.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import { CredentialsRefusedError } from '../relay/browser-credential.ts';
import { findSessions } from '../relay/browser-credentials.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import { type Refusal, refusals, refusedResponse, unexpectedResponse } from '../request/refusal.ts';
import type { RequestTracker } from '../request/request-tracker.ts';

/** What the check is made of. */
export interface SessionCheckOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly routes: Routes;
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly failures: FailureLog;
}

/** What the proxy adds to the request that it passes on. */
interface Passed {
  readonly accountId: string;
  /** Null where the operator has set no keys. */
  readonly token: string | null;
}

const refused = {
  unauthenticated: {
    status: 401,
    code: 'UNAUTHENTICATED',
    message: 'This browser has no active session, or none of the account that was named: log in.',
  },
  template: { status: 400, message: 'The gateway has no token template of this name.' },
} as const satisfies Record<string, Refusal>;

/** Answers 204 with the account and its token, or 401. To be after what sets CORS headers: this answer has none. */
export function useSessionCheck(options: SessionCheckOptions): Plugin {
  const { services, browsers, routes, track, readClientInfo, failures } = options;
  const isCheck = (pathname: string, serverContext: unknown) =>
    routes.find(pathname, mountOf(serverContext)) === 'session';

  async function check(
    request: Request,
    device: DeviceHint,
    parameters: URLSearchParams,
  ): Promise<Passed | Refusal> {
    const { tokens } = services;
    const account = parameters.get('account');
    const template = parameters.get('template') ?? 'default';
    if (tokens !== null && !tokens.tokens.templates.has(template)) return refused.template;
    let sessions: readonly SessionRecord[];
    try {
      ({ sessions } = await findSessions(browsers, request, device));
    } catch (error) {
      if (error instanceof KeyringStoreError) return refusals.store;
      if (error instanceof CredentialsRefusedError) return refused.unauthenticated;
      throw error;
    }
    // The newest comes first.
    const session = sessions.find(
      (one) => (account === null || one.accountId === account) && isUsable(one, services),
    );
    if (session === undefined) return refused.unauthenticated;
    const { accountId } = session;
    if (tokens === null) return { accountId, token: null };
    const token = await tokens.issue(session, template);
    if (token === null) return refused.unauthenticated;
    // The operator has replaced the templates in this moment.
    return token === 'unknown-template' ? refused.template : { accountId, token };
  }

  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      if (!isCheck(url.pathname, serverContext)) return;
      const device = readClientInfo(request, serverContext);
      const about = { requestId: track(request).id, address: device.ipAddress, failures };
      try {
        const outcome = await check(request, device, url.searchParams);
        endResponse(
          'accountId' in outcome
            ? passedResponse(outcome)
            : refusedResponse(about, outcome, 'Session check refused'),
        );
      } catch (error) {
        endResponse(unexpectedResponse(about, error));
      }
    },
    onResponse({ request, serverContext, response: { headers } }) {
      if (!isCheck(new URL(request.url).pathname, serverContext)) return;
      headers.append('vary', 'Cookie');
      // What is for the proxy is for no page.
      headers.delete('access-control-allow-origin');
      headers.delete('access-control-allow-credentials');
      headers.delete('access-control-expose-headers');
    },
  };
}

function passedResponse({ accountId, token }: Passed): Response {
  const headers = {
    'x-account-id': accountId,
    ...(token !== null && { 'x-session-token': token }),
  };
  return new Response(null, { status: 204, headers });
}

/** Whether a session still counts: it is ACTIVE, and not expected to have expired. This asks no broker. */
function isUsable(session: SessionRecord, { broker, now }: Services): boolean {
  const { state, loginTime, issuedAt } = session;
  return state === 'ACTIVE' && now() < broker.of(session.broker).expiryOf(loginTime ?? issuedAt);
}
