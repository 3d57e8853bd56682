// How resolvers read from Kite: a failed call or a malformed value becomes a coded error at its field.
import type { Context, ReachedAccount } from '../context.ts';
import { KiteError } from '../kite/error.ts';
import { type Field, malformed } from '../kite/field.ts';
import type { Account } from '../loaders/account.ts';
import { problemError, problemOf, sessionExpired } from './problem.ts';

/**
 * Reads through an account; a KiteError becomes the problem that it stands for.
 * An account whose session has ended costs no call. One whose token Kite refuses is noted as ended,
 * before anybody hears of it, so that no replica asks again.
 */
export async function reading<T>(
  account: ReachedAccount,
  context: Context,
  load: (access: Account) => Promise<T>,
): Promise<T> {
  if (account.access === null) throw problemError(sessionExpired(account, context));
  try {
    return await load(account.access);
  } catch (error) {
    const isRefused = error instanceof KiteError && error.code === 'token';
    if (isRefused && account.session !== null) await context.keyring.expire(account.session);
    throw problemError(problemOf(error, 'read', context, account));
  }
}

/**
 * A value as Kite sent it.
 * @throws UPSTREAM_INVALID_RESPONSE for one of the wrong type: never a wrong value, never a zero.
 */
export function wellFormed<T>(value: Field<T>, account: ReachedAccount): T {
  if (value !== malformed) return value;
  throw problemError({
    code: 'UPSTREAM_INVALID_RESPONSE',
    message: 'Kite sent a value of the wrong type, or left out one that it never may.',
    retryable: false,
    accountId: account.id,
    kite: { errorType: null, status: 200, message: null },
  });
}
