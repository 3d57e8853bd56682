// Plugin: POST /session/credentials, where a backend that has one of RELAY_SECRETS asks for the credentials of the browser
// whose cookie it passes on.
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Services } from '../../context.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { boundedText } from '../../shared/bounded-text.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import type { MinuteLimits } from '../limits/minute-limits.ts';
import type { BrowserKeyrings } from '../login/browser-keyrings.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import { type ClientInfoReader, networkOf } from '../request/client-info.ts';
import {
  type Refusal,
  type RefusedRequest,
  refusals,
  refusedResponse,
  unexpectedResponse,
} from '../request/refusal.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { type BrowserCredential, CredentialsRefusedError } from './browser-credential.ts';
import { credentialOf, type FoundSessions, findSessions } from './browser-credentials.ts';
import { createRelaySecrets } from './relay-secrets.ts';

/** What the relay is made of. */
export interface RelayOptions {
  /** Empty: the relay is off. */
  readonly secrets: readonly string[];
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly routes: Routes;
  readonly minutes: MinuteLimits;
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly log: Logger;
  readonly failures: FailureLog;
}

/** What of a request the relay cares about. */
interface Asked extends RefusedRequest {
  readonly request: Request;
}

/** Answers POST /session/credentials where there are secrets. @throws TypeError for a secret that may not be used. */
export function useRelay(options: RelayOptions): Plugin {
  const { services, browsers, routes, track, readClientInfo, log, failures } = options;
  const { limits, apps } = services;
  const { audit } = browsers;
  const { digests } = audit;
  const backendOf = createRelaySecrets(options.secrets);
  const wrongSecrets = options.minutes.limit('relay', limits.relayAttempts);

  /** Refuses a request, with a line in the log and, for the first in a minute of an address, in the audit log. */
  async function refuse(asked: Asked, refusal: Refusal, auditedAs?: string): Promise<Response> {
    const { requestId, address } = asked;
    if (auditedAs !== undefined && (await wrongSecrets(auditedAs)) === 0) {
      const { code = 'BAD_USER_INPUT' } = refusal;
      audit.write({ event: 'relay', outcome: 'refused', code, requestId, address });
    }
    return refusedResponse(asked, refusal, 'Relay refused', 'warn');
  }

  async function answer(asked: Asked): Promise<Response> {
    const { request, requestId, address } = asked;
    if (audit.isFull) return refuse(asked, refusals.audit);
    const { headers } = request;
    const network = address === null ? 'unknown' : networkOf(address);
    const isBrowser = ['origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user'].some(
      (name) => headers.has(name),
    );
    if (isBrowser) return refuse(asked, refused.browser, `browser ${network}`);
    // Before the secret is looked at: a right guess after too many wrong ones is refused too.
    const seconds = wrongSecrets.waitOf(network);
    if (seconds > 0) return refuse(asked, tooManyAttempts(seconds));
    const [, secret] = /^Bearer ([^\s,]+)$/i.exec(headers.get('authorization') ?? '') ?? [];
    const backend = backendOf(secret ?? '');
    if (backend === null) return refuse(asked, refused.secret, network);

    const body = await readBody(request, limits.relayBytes, limits.keyringSessions);
    if ('message' in body) return refuse(asked, body);
    let found: FoundSessions;
    try {
      found = await findSessions(browsers, request, null);
    } catch (error) {
      if (error instanceof KeyringStoreError) return refuse(asked, refusals.store);
      if (error instanceof CredentialsRefusedError) return refuse(asked, refused.cookies);
      throw error;
    }
    const { given, failures: missing } = choose(found, body.accountIds);
    audit.write({
      event: 'relay',
      outcome: 'given',
      backend,
      requestId,
      address,
      ...(found.keyringId !== null && { keyring: digests.keyring(found.keyringId) }),
      session: given.map(({ sessionId }) => digests.session(sessionId)),
    });
    log.info({ requestId, backend, accounts: given.length }, 'Credentials given');
    const accounts = given.map(({ credential }) => jsonOf(credential));
    return Response.json({ accounts, failures: missing });
  }

  /** The credentials of the accounts that were named, or of all, and why others have none. */
  function choose({ sessions }: FoundSessions, accountIds: readonly string[] | null) {
    const given = sessions.flatMap((record) => {
      const credential = credentialOf(record, services);
      return credential ? [{ credential, sessionId: record.sessionId }] : [];
    });
    if (accountIds === null) return { given, failures: [] };
    const named = new Set(accountIds);
    const chosen = given.filter(({ credential }) => named.has(credential.accountId));
    const found = new Set(chosen.map(({ credential }) => credential.accountId));
    const missing = [...named].filter((id) => !found.has(id));
    const failureOf = (accountId: string) => {
      const ended = sessions.find((record) => record.accountId === accountId);
      if (ended === undefined) {
        const message = 'The browser has no account with this id.';
        return { accountId, code: 'NOT_FOUND', message };
      }
      const { apiKey } = ended;
      return {
        accountId,
        code: 'SESSION_EXPIRED',
        message: 'The session of this account has ended: log in again.',
        loginUrl: apps.loginAgainUrl(apiKey),
      };
    };
    return { given: chosen, failures: missing.map(failureOf) };
  }

  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      if (request.method !== 'POST') return;
      if (routes.find(url.pathname, mountOf(serverContext)) !== 'credentials') return;
      const address = readClientInfo(request, serverContext).ipAddress;
      const asked = { request, requestId: track(request).id, address, failures };
      try {
        endResponse(await answer(asked));
      } catch (error) {
        endResponse(unexpectedResponse(asked, error));
      }
    },
  };
}

/** The only place that writes access tokens into an answer of the relay. */
function jsonOf({ accessToken, ...rest }: BrowserCredential): object {
  return { ...rest, accessToken: accessToken.reveal() };
}

const refused = {
  browser: {
    status: 403,
    code: 'PERMISSION_DENIED',
    message:
      'This address is for backends: a request with an Origin or Sec-Fetch-Site header is refused. A page asks /graphql.',
  },
  secret: {
    status: 401,
    code: 'UNAUTHENTICATED',
    message: 'Send "Authorization: Bearer <secret>" with one of RELAY_SECRETS, once.',
    headers: { 'www-authenticate': 'Bearer' },
  },
  cookies: {
    status: 400,
    message: 'The Cookie header has the cookie of the keyring more than once: send it once.',
  },
  tooLong: { status: 413, message: 'The body is too long: send fewer account ids.' },
  incomplete: { status: 400, message: 'The connection ended before the body was complete.' },
  encoding: { status: 415, message: 'Send plain JSON, without Content-Encoding.' },
  mediaType: { status: 415, message: 'Send the body with "Content-Type: application/json".' },
  body: {
    status: 400,
    message: 'Send no body, or the JSON object {"accountIds": ["<id>"]} and nothing else.',
  },
} as const satisfies Record<string, Refusal>;

function tooManyAttempts(seconds: number): Refusal {
  return {
    status: 429,
    code: 'RATE_LIMITED',
    message: `This address has sent too many wrong secrets: retry in ${seconds} s.`,
    retryAfterSeconds: seconds,
  };
}

/** The account ids that a body names, null where it names no account; or what is wrong with it. */
async function readBody(
  request: Request,
  maxBytes: number,
  maxIds: number,
): Promise<{ readonly accountIds: readonly string[] | null } | Refusal> {
  const { headers } = request;
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return refused.encoding;
  const body = await boundedText(request, maxBytes);
  if ('fault' in body) return refused[body.fault];
  const { text } = body;
  if (text === '') return { accountIds: null };
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/json') return refused.mediaType;
  const shape = z.strictObject({ accountIds: z.array(z.string()).max(maxIds).optional() });
  try {
    return { accountIds: shape.parse(JSON.parse(text)).accountIds ?? null };
  } catch {
    return refused.body;
  }
}
