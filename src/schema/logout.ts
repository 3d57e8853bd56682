// logout: Kite forgets the access tokens of all accounts of the request, or of those named.
import type { Context } from '../context.ts';
import { KiteError } from '../kite/error.ts';
import type { Account } from '../loaders/account.ts';
import { findAccount, reachedAccounts } from './account.ts';
import { type AccountFailure, AccountFailureRef } from './account-failure.ts';
import { builder } from './builder.ts';
import { accountNotFound, problemOf } from './problem.ts';

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
      const failures = outcomes.filter((outcome) => outcome !== null);
      const failed = new Set(failures.map(({ accountId }) => accountId));
      return { loggedOut: [...ids].filter((id) => !failed.has(id)), failures };
    },
  }),
);

async function logOut(id: string, context: Context): Promise<AccountFailure | null> {
  const account = findAccount(context, id);
  if (account === undefined) return { accountId: id, account: null, error: accountNotFound(id) };
  context.loaders.forget(account);
  try {
    await invalidate(account, context);
    return null;
  } catch (error) {
    return { accountId: id, account, error: problemOf(error, 'logout', context, account) };
  } finally {
    context.loaders.forget(account);
  }
}

async function invalidate({ credential }: Account, { kite, deadline }: Context): Promise<void> {
  try {
    await kite.invalidateAccessToken(credential, deadline);
  } catch (error) {
    const isAlreadyDead = error instanceof KiteError && error.code === 'token';
    if (!isAlreadyDead) throw error;
  }
}
