// ApiError and its three types: problems as data, for the unions of writes and the failures inside answers.
import type { Context } from '../context.ts';
import { builder } from './builder.ts';
import { ErrorCodeEnum } from './error-code-enum.ts';
import type { ErrorCode } from './errors/error-code.ts';
import type { Problem } from './errors/problem.ts';

const typeNames: Partial<Record<ErrorCode, 'InputError' | 'AuthenticationError'>> = {
  BAD_USER_INPUT: 'InputError',
  NOT_FOUND: 'InputError',
  AMBIGUOUS_ACCOUNT: 'InputError',
  DUPLICATE_USER: 'InputError',
  UNAUTHENTICATED: 'AuthenticationError',
  TOKEN_REJECTED: 'AuthenticationError',
  SESSION_EXPIRED: 'AuthenticationError',
  PERMISSION_DENIED: 'AuthenticationError',
  APP_MISCONFIGURED: 'AuthenticationError',
};

/** The GraphQL type that a problem is shown as. */
export function typeNameOf(
  problem: Problem,
): 'InputError' | 'AuthenticationError' | 'UpstreamError' {
  return typeNames[problem.code] ?? 'UpstreamError';
}

/** The same, for an answer that tells of the problem: the log names it too. */
export function reportedType(problem: Problem, { failures }: Context) {
  failures.add(problem);
  return typeNameOf(problem);
}

/** What every failure says of itself. */
export const ApiErrorRef = builder.interfaceRef<Problem>('ApiError').implement({
  description: 'A failure as data: the error, and whether a retry may help.',
  resolveType: reportedType,
  fields: (t) => ({
    message: t.exposeString('message', {
      nullable: false,
      description: 'A description for people. Branch on `code` instead: this text may change.',
    }),
    code: t.expose('code', {
      type: ErrorCodeEnum,
      nullable: false,
      description: 'The error as a stable code to branch on.',
    }),
    retryable: t.exposeBoolean('retryable', {
      nullable: false,
      description:
        'Whether the same input may succeed later. Always false after a write that may have reached the broker.',
    }),
    requestId: t.string({
      nullable: false,
      description:
        "The id of this request, as in the answer's `X-Request-Id` and the gateway's log.",
      resolve: (_problem, _arguments, context) => context.requestId,
    }),
  }),
});

/** Problems of what the caller sent. */
export const InputErrorRef = builder.objectRef<Problem>('InputError').implement({
  description:
    'The input is not usable: BAD_USER_INPUT, NOT_FOUND, AMBIGUOUS_ACCOUNT or DUPLICATE_USER.',
  interfaces: [ApiErrorRef],
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'The invalid argument or input field, if there is one.',
    }),
  }),
});

/** Problems of who is asking. */
export const AuthenticationErrorRef = builder.objectRef<Problem>('AuthenticationError').implement({
  description:
    'The credential is missing, no longer valid or not permitted: UNAUTHENTICATED, TOKEN_REJECTED, ' +
    'SESSION_EXPIRED, PERMISSION_DENIED or APP_MISCONFIGURED.',
  interfaces: [ApiErrorRef],
  fields: (t) => ({
    loginUrl: t.exposeString('loginUrl', {
      description: 'The page where the user can log in again; null if a login would not help.',
    }),
  }),
});

/** All other problems. */
export const UpstreamErrorRef = builder.objectRef<Problem>('UpstreamError').implement({
  description: 'The broker, or the connection to it, failed.',
  interfaces: [ApiErrorRef],
  fields: (t) => ({
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      description:
        'Seconds to wait before a retry; set with RATE_LIMITED, and with UPSTREAM_UNAVAILABLE if the broker sends a ' +
        'time.',
    }),
    brokerErrorType: t.string({
      description: 'The broker’s own error type, such as `NetworkException`.',
      resolve: ({ broker }) => broker?.errorType ?? null,
    }),
    brokerStatus: t.int({
      description: 'The HTTP status of the broker’s answer; null if there is no answer.',
      resolve: ({ broker }) => broker?.status ?? null,
    }),
  }),
});
