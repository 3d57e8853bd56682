// The refusals of operations: errors without data, and the HTTP status that tells of each.
import { type ExecutionResult, GraphQLError } from 'graphql';
import { ProblemError } from '../../schema/errors/problem.ts';
import type { Accepted } from '../request/accept.ts';
import { refusals } from '../request/refusal.ts';

/** Seconds until a refusal may be over that names no time itself. */
const usualRetryAfter = refusals.store.retryAfterSeconds;

/**
 * The status of an answer without data that the client can correct. A client that takes nothing but a stream of events
 * reads the error there: the protocol of GraphQL over server-sent events has it in a stream that was accepted.
 */
function statusFor({ json }: Accepted): number {
  return json === null ? 200 : 400;
}

/** The refusal of an operation or of variables that cannot be executed. */
export function invalid({ message, nodes = [] }: GraphQLError, accepted: Accepted): GraphQLError {
  return new GraphQLError(message, {
    nodes,
    extensions: { http: { status: statusFor(accepted) } },
  });
}

/** The refusal of a request that selects no operation of its document. */
export function unknownOperation(accepted: Accepted): GraphQLError {
  const http = { status: statusFor(accepted) };
  const extensions = { code: 'BAD_USER_INPUT', retryable: false, http };
  return new GraphQLError('Could not determine what operation to execute.', { extensions });
}

/** The refusal of a document whose client has gone. */
export function clientGone(): GraphQLError {
  const extensions = { code: 'BAD_USER_INPUT', retryable: false, http: { status: 400 } };
  return new GraphQLError('The client closed the connection before its turn.', { extensions });
}

/** The refusal of a mutation that was not sent by POST. */
export function mutationByGet(): GraphQLError {
  const http = { status: 405, headers: { Allow: 'POST' } };
  return new GraphQLError('Send a mutation by POST.', {
    extensions: { code: 'BAD_USER_INPUT', retryable: false, http },
  });
}

/** The refusal of what the audit log could not record. */
export function auditFull(): GraphQLError {
  const { message, status, code, retryAfterSeconds } = refusals.audit;
  const http = { status, headers: { 'retry-after': `${retryAfterSeconds}` } };
  return new GraphQLError(message, {
    extensions: { code, retryable: true, retryAfterSeconds, http },
  });
}

/** The refusal of a subscription whose client takes no stream of events. */
export function notStreamed(): GraphQLError {
  return new GraphQLError(
    'A subscription is answered with server-sent events: send "Accept: text/event-stream".',
    { extensions: { code: 'BAD_USER_INPUT', retryable: false, http: { status: 406 } } },
  );
}

/**
 * A subscription that was refused before its first event, with its status: 503 and Retry-After where the same request
 * may succeed later, so that clients send it again by themselves.
 */
export function refusedSubscription(
  { errors = [] }: ExecutionResult,
  accepted: Accepted,
): ExecutionResult {
  for (const error of errors) {
    if (!(error.originalError instanceof ProblemError)) continue;
    const { retryable, retryAfterSeconds = usualRetryAfter } = error.originalError.extensions;
    const later = { status: 503, headers: { 'retry-after': `${retryAfterSeconds}` } };
    // The status of JSON of the older type says nothing of what GraphQL answers.
    const status = accepted.json === 'application/graphql-response+json' ? 400 : 200;
    // Made for this very answer; it steers the status line and does not reach the client.
    Object.assign(error.extensions, { http: retryable ? later : { status } });
  }
  return { errors };
}
