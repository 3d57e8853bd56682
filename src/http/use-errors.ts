// Plugin: the last gate of every answer. Errors leave with a code and the request id; what nobody
// expected is masked, and logged once.
import { type ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable, mapAsyncIterator, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { cleanMessage } from '../kite/clean-message.ts';
import { Secret } from '../kite/secret.ts';
import { isErrorCode } from '../schema/error-code.ts';
import { badRequestMessage } from './bad-request.ts';
import type { RequestTracker } from './request-tracker.ts';

/** Gives errors their codes and request ids, and masks the unexpected. */
export function useErrors(track: RequestTracker, log: Logger): Plugin {
  return {
    onResultProcess({ request, result, setResult }) {
      const { id } = track(request);
      const report = (error: GraphQLError) => logUnexpected(error, id, request, log);
      const finished = (answer: Payload) => withCodes(answer, id, report);
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, finished));
      else if (Array.isArray(result)) setResult(result.map(finished));
      else setResult(finished(result));
    },
  };
}

/** A whole answer, or one part of an answer that comes in several: then the fragments in it have errors of their own. */
export interface Payload extends ExecutionResult {
  readonly incremental?: readonly ExecutionResult[];
}

type Report = (error: GraphQLError) => void;

function withCodes(payload: Payload, requestId: string, report: Report): Payload {
  const { errors, incremental } = payload;
  if (errors === undefined && incremental === undefined) return payload;
  return {
    ...payload,
    ...(errors && { errors: errors.map((error) => coded(error, requestId, report)) }),
    ...(incremental && {
      incremental: incremental.map((part) => withCodes(part, requestId, report)),
    }),
  };
}

function coded(error: GraphQLError, requestId: string, report: Report): GraphQLError {
  const { http, code, ...rest } = error.extensions ?? {};
  if (isErrorCode(code)) return copy(error, error.message, { ...rest, code, requestId, http });
  if (isOfTheRequest(error)) {
    // What is no request at all is refused by HTTP status to every client; `spec` spares the older ones.
    const status = code === 'BAD_REQUEST' ? Object.assign({}, http, { spec: false }) : http;
    const extensions = { code: 'BAD_USER_INPUT', retryable: false, requestId, http: status };
    return copy(error, badRequestMessage(error), extensions);
  }
  report(error);
  const message = `Something went wrong in the gateway. Its log has more under request id ${requestId}.`;
  const extensions = { code: 'INTERNAL_SERVER_ERROR', retryable: false, requestId, http };
  return copy(error, message, extensions);
}

/** Whether the client caused the error: graphql-js or Yoga raised it, before any resolver ran. */
function isOfTheRequest(error: GraphQLError): boolean {
  const cause = error.originalError;
  const isOriginal = cause == null || cause instanceof GraphQLError;
  return isOriginal && error.path === undefined;
}

function copy(
  { nodes, source, positions, path }: GraphQLError,
  message: string,
  { http, ...extensions }: Record<string, unknown>,
): GraphQLError {
  return new GraphQLError(message, {
    ...(nodes && { nodes }),
    ...(source && { source }),
    ...(positions && { positions }),
    ...(path && { path }),
    // `http` steers Yoga's status line and does not reach the client.
    extensions: http === undefined ? extensions : { ...extensions, http },
  });
}

/** Logs what nobody expected, without what the request sent. */
export function logUnexpected(
  error: GraphQLError,
  requestId: string,
  request: Request,
  log: Logger,
): void {
  const cause = error.originalError ?? error;
  // The stack repeats the message, which may hold what the request sent; the frames do not.
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const path = error.path?.join('.');
  const message = cleanMessage(cause.message, secretsOf(request));
  log.error(
    { requestId, error: cause.name, message, path, stack: frames.join('\n') },
    'Unexpected error',
  );
}

function secretsOf({ headers }: Request): Secret[] {
  const sent = `${headers.get('authorization') ?? ''},${headers.get('cookie') ?? ''}`;
  return sent
    .split(/[\s,:;=]+/)
    .filter(Boolean)
    .map((word) => new Secret(word));
}
