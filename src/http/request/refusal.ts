// A request that is refused before GraphQL reads it: the JSON of any other error, with its code and request id.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../schema/errors/error-code.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import { requestIdOf } from './request-tracker.ts';

/** A refusal, in words. */
export interface Refusal {
  readonly status: number;
  /** What to send instead. Holds nothing of the request. */
  readonly message: string;
  /** Headers beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default BAD_USER_INPUT. */
  readonly code?: ErrorCode;
  /** When the same request may be sent again; left out where that would change nothing. */
  readonly retryAfterSeconds?: number;
}

/** Refusals that more than one way of answering gives. */
export const refusals = {
  host: {
    status: 400,
    message: 'The Host header must be a host name or address, with or without a port.',
  },
  otherHost: {
    status: 421,
    message:
      'This gateway does not answer for the host of the request. Its operator can add the name to ALLOWED_HOSTS.',
  },
  target: { status: 400, message: 'The request target must be a path, such as /graphql.' },
  path: { status: 404, message: 'This path does not exist. GraphQL is at /graphql.' },
  expectation: { status: 417, message: 'Send no Expect header other than "100-continue".' },
  store: {
    status: 503,
    code: 'KEYRING_UNAVAILABLE',
    message: 'The gateway cannot reach the store of browser sessions: retry in a moment.',
    retryAfterSeconds: 1,
  },
  audit: {
    status: 503,
    code: 'KEYRING_UNAVAILABLE',
    message:
      'The audit log of the gateway takes no events now, and what it has to record is refused: retry in a moment.',
    retryAfterSeconds: 1,
  },
  unexpected: {
    status: 500,
    message: 'The gateway had an internal error. Its log has details under the request id.',
    code: 'INTERNAL_SERVER_ERROR',
  },
} as const satisfies Record<string, Refusal>;

/** The body of a refusal. */
export function refusalBody(refusal: Refusal, requestId: string): string {
  const { message, code = 'BAD_USER_INPUT', retryAfterSeconds } = refusal;
  const retryable = retryAfterSeconds !== undefined;
  const extensions = { code, retryable, requestId, retryAfterSeconds };
  return JSON.stringify({ errors: [{ message, extensions }] });
}

/** The headers of a refusal, its length excepted. */
export function refusalHeaders(refusal: Refusal, requestId: string): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(refusal.retryAfterSeconds !== undefined && {
      'retry-after': `${refusal.retryAfterSeconds}`,
    }),
    ...refusal.headers,
  };
}

/** Whose request is answered. */
export interface RefusedRequest {
  readonly requestId: string;
  /** Of the client; null where it is not known. */
  readonly address: string | null;
  readonly failures: FailureLog;
  /** Of `fetchAPI`, where it is known; by default the global one. */
  readonly Response?: typeof globalThis.Response;
}

/** The answer of fetch to a request that is refused, and its line in the log. @param line what the line says. */
export function refusedResponse(
  request: RefusedRequest,
  refusal: Refusal,
  line = 'Refused',
  level: 'info' | 'warn' = 'info',
): Response {
  const { requestId, address, failures } = request;
  const { status, code = 'BAD_USER_INPUT' } = refusal;
  failures.write({ address, requestId, code, level }, { code, status }, line);
  return responseOf(request, refusal);
}

/** The answer of fetch to a request that met an error which is a fault of the gateway. The log has the error's name only. */
export function unexpectedResponse(request: RefusedRequest, error: unknown): Response {
  const { requestId, address, failures } = request;
  const { code } = refusals.unexpected;
  const name = error instanceof Error ? error.name : typeof error;
  const failure = { address, requestId, code, level: 'error' } as const;
  failures.write(failure, { code, error: name }, 'Unexpected error');
  return responseOf(request, refusals.unexpected);
}

function responseOf(
  { requestId, Response = globalThis.Response }: RefusedRequest,
  refusal: Refusal,
): Response {
  const { status } = refusal;
  const headers = refusalHeaders(refusal, requestId);
  return new Response(refusalBody(refusal, requestId), { status, headers });
}

/** Answers a request of `node:http` with a refusal, and logs it. Headers that are set on the response stay. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  failures: FailureLog,
  address: string | null,
): void {
  const requestId = requestIdOf(request.headers['x-request-id']);
  const body = refusalBody(refusal, requestId);
  const { status, code = 'BAD_USER_INPUT' } = refusal;
  failures.write({ address, requestId, code }, { code, status }, 'Refused');
  response.writeHead(status, {
    ...refusalHeaders(refusal, requestId),
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // A body that is left unread would hold the connection.
  request.resume();
}
