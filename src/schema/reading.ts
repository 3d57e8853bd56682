// How resolvers read from Kite: a failed call or a malformed value becomes a coded error at its field.
import type { Context } from '../context.ts';
import { type Field, malformed } from '../kite/field.ts';
import type { Account } from '../loaders/account.ts';
import { problemError, problemOf } from './problem.ts';

/** Waits for an account's answer; a KiteError becomes the problem that it stands for. */
export async function reading<T>(
  answer: Promise<T>,
  context: Context,
  account: Account,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw problemError(problemOf(error, 'read', context, account));
  }
}

/**
 * A value as Kite sent it.
 * @throws UPSTREAM_INVALID_RESPONSE for one of the wrong type: never a wrong value, never a zero.
 */
export function wellFormed<T>(value: Field<T>, account: Account): T {
  if (value !== malformed) return value;
  throw problemError({
    code: 'UPSTREAM_INVALID_RESPONSE',
    message: 'Kite sent a value of the wrong type, or left out one that it never may.',
    retryable: false,
    accountId: account.id,
    kite: { errorType: null, status: 200, message: null },
  });
}
