// A request that is refused before GraphQL reads it: the JSON of any other error, with its code and request id.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { requestIdOf } from './request-tracker.ts';

/** A refusal, in words. */
export interface Refusal {
  readonly status: number;
  /** What to send instead. Holds nothing of the request. */
  readonly message: string;
  /** Headers beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
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
  path: { status: 404, message: 'There is nothing at this path. GraphQL is at /graphql.' },
  expectation: { status: 417, message: 'Send no Expect header other than "100-continue".' },
  unexpected: {
    status: 500,
    message: 'Something went wrong in the gateway. Its log has more under the request id.',
  },
} as const satisfies Record<string, Refusal>;

/** The body of a refusal. */
export function refusalBody({ status, message }: Refusal, requestId: string): string {
  const code = status === 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_USER_INPUT';
  return JSON.stringify({
    errors: [{ message, extensions: { code, retryable: false, requestId } }],
  });
}

/** The headers of a refusal, its length excepted. */
export function refusalHeaders(refusal: Refusal, requestId: string): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...refusal.headers,
  };
}

/** Answers a request of `node:http` with a refusal, and logs it. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  log: Logger,
): void {
  const requestId = requestIdOf(request.headers['x-request-id']);
  const body = refusalBody(refusal, requestId);
  log.info({ requestId, code: 'BAD_USER_INPUT', status: refusal.status }, 'Refused');
  response.writeHead(refusal.status, {
    ...refusalHeaders(refusal, requestId),
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // A body that is left unread would hold the connection.
  request.resume();
}
