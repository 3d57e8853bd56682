// The GraphQL enum of the codes of failures.
import { builder } from './builder.ts';
import { type ErrorCode, errorCodes } from './errors/error-code.ts';

/** The GraphQL enum of {@link ErrorCode}. */
export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description:
    'What went wrong, as a stable word to branch on. ' +
    'The same words stand in `extensions.code` of every GraphQL error.',
  values: Object.fromEntries(
    Object.entries(errorCodes).map(([code, description]) => [code, { description }]),
  ) as Record<ErrorCode, { description: string }>,
});
