// logout: Kite forgets the access tokens of all accounts of the request, or of those named.
import type { Context, ReachedAccount } from '../context.ts';
import { KeyringStoreError } from '../keyring/store.ts';
import { KiteError } from '../kite/error.ts';
import { findAccount, reachedAccounts } from './account.ts';
import { type AccountFailure, AccountFailureRef } from './account-failure.ts';
import { builder } from './builder.ts';
import { accountNotFound, keyringUnavailable, type Problem, problemOf } from './problem.ts';

interface LogoutPayload {
  readonly loggedOut: readonly string[];
  readonly failures: readonly AccountFailure[];
}

const LogoutPayloadRef = builder.objectRef<LogoutPayload>('LogoutPayload').implement({
  description: 'Who is logged out now, and for whom it could not be confirmed.',
  fields: (t) => ({
    loggedOut: t.idList({
      nullable: false,
      description: 'Ids of the accounts whose token Kite no longer accepts.',
      resolve: ({ loggedOut }) => [...loggedOut],
    }),
    failures: t.field({
      type: [AccountFailureRef],
      nullable: false,
      description:
        'Accounts whose logout Kite did not confirm. The token may still be alive at Kite; ' +
        'asking again tells.',
      resolve: ({ failures }) => [...failures],
    }),
  }),
});

builder.mutationField('logout', (t) =>
  t.field({
    type: LogoutPayloadRef,
    description:
      'Ends sessions at Kite (DELETE /session/token), for every account of the request or for those named. ' +
      'One that fails does not stop the others; a token that Kite already rejects counts as logged out.',
    args: {
      accountIds: t.arg.idList({ description: 'Which accounts. Left out: every one.' }),
    },
    resolve: async (_root, { accountIds }, context) => {
      const accounts = reachedAccounts(context);
      const ids = new Set(accountIds ?? accounts.map(({ id }) => id));
      const outcomes = await Promise.all([...ids].map((id) => logOut(id, context)));
      await context.keyring.clearIfEmpty();
      const failures = outcomes.filter((outcome) => outcome !== null);
      const failed = new Set(failures.map(({ accountId }) => accountId));
      return { loggedOut: [...ids].filter((id) => !failed.has(id)), failures };
    },
  }),
);

async function logOut(id: string, context: Context): Promise<AccountFailure | null> {
  const account = findAccount(context, id);
  if (account === undefined) return { accountId: id, account: null, error: accountNotFound(id) };
  const { access } = account;
  if (access !== null) context.loaders.forget(access);
  const refused = await invalidate(account, context);
  if (access !== null) context.loaders.forget(access);
  const error = (await forget(account, context)) ?? refused;
  return error && { accountId: id, account, error };
}

/** Ends the account's tokens at Kite; what went wrong, or null. */
async function invalidate(account: ReachedAccount, context: Context): Promise<Problem | null> {
  const { apiKey, access, session } = account;
  const { kite, deadline } = context;
  try {
    // First: a refresh token would open the account again.
    const refreshToken = session?.refreshToken ?? null;
    if (refreshToken !== null) {
      await unlessDead(kite.invalidateRefreshToken(apiKey, refreshToken, deadline));
    }
    if (access !== null) await unlessDead(kite.invalidateAccessToken(access.credential, deadline));
    return null;
  } catch (error) {
    return problemOf(error, 'logout', context, account);
  }
}

/** Makes the gateway forget a keyring's tokens, whatever Kite said of them. */
async function forget({ session }: ReachedAccount, { keyring }: Context): Promise<Problem | null> {
  try {
    if (session !== null) await keyring.revoke(session);
    return null;
  } catch (error) {
    if (error instanceof KeyringStoreError) return keyringUnavailable();
    throw error;
  }
}

/** A token that Kite already rejects needs no ending. */
async function unlessDead(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const isDead = error instanceof KiteError && error.code === 'token';
    if (!isDead) throw error;
  }
}
