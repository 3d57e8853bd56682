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
  description: 'A failure as data: what went wrong, and whether asking again may help.',
  resolveType: reportedType,
  fields: (t) => ({
    message: t.exposeString('message', {
      nullable: false,
      description: 'What went wrong, for people. Branch on `code` instead: this text may change.',
    }),
    code: t.expose('code', {
      type: ErrorCodeEnum,
      nullable: false,
      description: 'What went wrong, as a stable word to branch on.',
    }),
    retryable: t.exposeBoolean('retryable', {
      nullable: false,
      description:
        'Whether the same input may succeed later. ' +
        'Always false once a request that changes something may have reached the broker.',
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
    'What the caller sent cannot be used: ' +
    'BAD_USER_INPUT, NOT_FOUND, AMBIGUOUS_ACCOUNT or DUPLICATE_USER.',
  interfaces: [ApiErrorRef],
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'The argument or input field at fault, where it is one.',
    }),
  }),
});

/** Problems of who is asking. */
export const AuthenticationErrorRef = builder.objectRef<Problem>('AuthenticationError').implement({
  description:
    'The broker or this gateway does not know, or no longer knows, who is asking: ' +
    'UNAUTHENTICATED, TOKEN_REJECTED, SESSION_EXPIRED, PERMISSION_DENIED or APP_MISCONFIGURED.',
  interfaces: [ApiErrorRef],
  fields: (t) => ({
    loginUrl: t.exposeString('loginUrl', {
      description: 'Where the user can log in again, where a login would help.',
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
        'Seconds to wait before asking again; set with RATE_LIMITED, and with UPSTREAM_UNAVAILABLE where the broker names a time.',
    }),
    brokerErrorType: t.string({
      description: 'The broker’s own name of the error, such as `NetworkException`.',
      resolve: ({ broker }) => broker?.errorType ?? null,
    }),
    brokerStatus: t.int({
      description: 'The HTTP status of the broker’s answer, where there was one.',
      resolve: ({ broker }) => broker?.status ?? null,
    }),
  }),
});
