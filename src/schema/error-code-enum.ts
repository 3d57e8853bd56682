// The GraphQL enum of the codes of failures.
import { builder } from './builder.ts';
import { type ErrorCode, errorCodes } from './errors/error-code.ts';

/** The GraphQL enum of {@link ErrorCode}. */
export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description:
    'The error as a stable code to branch on. `extensions.code` of every GraphQL error has the same values.',
  values: Object.fromEntries(
    Object.entries(errorCodes).map(([code, description]) => [code, { description }]),
  ) as Record<ErrorCode, { description: string }>,
});
