// The last step of every answer's errors: each leaves with a code and the request id; what was not expected is masked,
// and logged once.
import { GraphQLError } from 'graphql';
import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import { isErrorCode } from '../../schema/errors/error-code.ts';
import { ProblemError } from '../../schema/errors/problem.ts';
import { AnswerTooLargeError, omittedError } from '../../shared/answer-meter.ts';
import { withoutStack } from '../../shared/without-stack.ts';
import type { Failure, FailureLog } from '../limits/failure-log.ts';
import { badRequestMessage } from '../request/bad-request.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { redact } from './redaction.ts';
import type { Payload, ResultStep } from './results.ts';

/** What codes are given with. */
export interface ErrorCodesOptions {
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
  readonly failures: FailureLog;
  /** Unexpected errors of one answer that are logged one by one; the line of the operation counts all. */
  readonly maxLogged: number;
}

/** Gives errors their codes and request ids, counts those there was no room for, and masks the unexpected. */
export function codeErrors({
  track,
  readClientInfo,
  failures,
  maxLogged,
}: ErrorCodesOptions): ResultStep {
  return (result, { request, serverContext }) => {
    const { id, context } = track(request);
    const besides = context?.besides ?? [];
    const isParted = isAsyncIterable(result);
    if (!isParted && result.errors === undefined && besides.length === 0) return result;
    let unexpected = 0;
    // One answer may hold hundreds of errors with one cause: the first few tell it.
    const report = (error: GraphQLError) => {
      unexpected += 1;
      if (unexpected > maxLogged) return;
      const address = readClientInfo(request, serverContext).ipAddress;
      logUnexpected(error, { address, requestId: id }, request, failures);
    };
    const finished = (answer: Payload) =>
      withCodes(withErrors(answer, besides.splice(0)), id, report);
    return isParted ? mapAsyncIterator(result, finished) : finished(result);
  };
}

/** The payload with more errors: in a part of an answer they stand where that part has its own. */
function withErrors(payload: Payload, more: readonly GraphQLError[]): Payload {
  if (more.length === 0) return payload;
  const [first, ...others] = payload.incremental ?? [];
  if (first === undefined) return { ...payload, errors: [...(payload.errors ?? []), ...more] };
  return { ...payload, incremental: [withErrors(first, more), ...others] };
}

type Report = (error: GraphQLError) => void;

function withCodes(payload: Payload, requestId: string, report: Report): Payload {
  const { errors, incremental } = payload;
  if (errors === undefined && incremental === undefined) return payload;
  return {
    ...payload,
    ...(errors && { errors: listed(errors).map((error) => coded(error, requestId, report)) }),
    ...(incremental && {
      incremental: incremental.map((part) => withCodes(part, requestId, report)),
    }),
  };
}

/** The errors that have room in an answer, and one that counts the others. */
function listed(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  const kept = errors.filter((error) => error !== omittedError);
  const omitted = errors.length - kept.length;
  if (omitted === 0) return errors;
  const message = `${omitted} more errors are not listed. Select less in one request.`;
  const extensions = { code: 'TOO_LARGE', retryable: false, omittedErrors: omitted };
  return [...kept, new GraphQLError(message, { extensions })];
}

function coded(error: GraphQLError, requestId: string, report: Report): GraphQLError {
  const { http, code, ...rest } = error.extensions ?? {};
  if (error.originalError instanceof ProblemError) {
    // Made for this very field, so that it need not be copied.
    Object.assign(error.extensions, { requestId });
    return error;
  }
  if (isErrorCode(code)) return copy(error, error.message, { ...rest, code, requestId, http });
  if (isOfTheRequest(error)) {
    // An invalid request is refused by HTTP status for every client; `spec` does this only for newer ones.
    const status = code === 'BAD_REQUEST' ? Object.assign({}, http, { spec: false }) : http;
    const extensions = { code: 'BAD_USER_INPUT', retryable: false, requestId, http: status };
    return copy(error, badRequestMessage(error), extensions);
  }
  if (error.originalError instanceof AnswerTooLargeError) {
    const extensions = { code: 'TOO_LARGE', retryable: false, requestId };
    return copy(error, 'The answer would be too large. Ask for less at a time.', extensions);
  }
  report(error);
  const message = `The gateway had an internal error. Its log has details under request id ${requestId}.`;
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
  return withoutStack(
    () =>
      new GraphQLError(message, {
        ...(nodes && { nodes }),
        ...(source && { source }),
        ...(positions && { positions }),
        ...(path && { path }),
        // `http` steers Yoga's status line and does not reach the client.
        extensions: http === undefined ? extensions : { ...extensions, http },
      }),
  );
}

/** Logs an error that was not expected, without what the request sent. */
export function logUnexpected(
  error: GraphQLError,
  sent: Pick<Failure, 'address' | 'requestId'>,
  request: Request,
  failures: FailureLog,
): void {
  const cause = error.originalError ?? error;
  // The stack repeats the message, which may hold what the request sent; the frames do not.
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const path = error.path?.join('.').slice(0, failures.limits.loggedPathCharacters);
  const message = redact(cause.message, request.headers);
  const code = 'INTERNAL_SERVER_ERROR';
  const stack = frames.join('\n');
  const failure = { ...sent, code, level: 'error' } as const;
  failures.write(failure, { code, error: cause.name, message, path, stack }, 'Unexpected error');
}
