// logout: brokers forget the access tokens of all accounts of the request, or of those named.

import { BrokerError } from '../../brokers/error.ts';
import { type Context, type ReachedAccount, reachedBySession } from '../../context.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { reachedAccounts } from '../account.ts';
import { type AccountFailure, AccountFailureRef } from '../account-failure.ts';
import { builder } from '../builder.ts';
import {
  accountNotFound,
  credentialDenied,
  keyringUnavailable,
  type Problem,
  problemOf,
} from '../errors/problem.ts';
import { perOperation } from '../per-operation.ts';

interface LogoutPayload {
  readonly loggedOut: readonly string[];
  readonly failures: readonly AccountFailure[];
}

const LogoutPayloadRef = builder.objectRef<LogoutPayload>('LogoutPayload').implement({
  description: 'The accounts that are logged out, and those whose logout is not confirmed.',
  fields: (t) => ({
    loggedOut: t.idList({
      nullable: false,
      description: 'Ids of the accounts whose token the broker no longer accepts.',
      resolve: ({ loggedOut }) => [...loggedOut],
    }),
    failures: t.field({
      type: [AccountFailureRef],
      nullable: false,
      description:
        'Accounts whose logout the broker did not confirm. It may still accept the token. The gateway makes no reads ' +
        'with a token of a keyring any more, and repeats the logout in the background; you can also send it again.',
      resolve: ({ failures }) => [...failures],
    }),
  }),
});

builder.mutationField('logout', (t) =>
  t.field({
    type: LogoutPayloadRef,
    description:
      'Ends sessions at their brokers (for Kite DELETE /session/token), for every account of the request or for the selected ones. A ' +
      'failure does not stop the others. A token that the broker already rejects counts as logged out.',
    args: {
      accountIds: t.arg.idList({ description: 'The accounts to log out. Default: every account.' }),
    },
    resolve: async (_root, { accountIds }, context) => {
      const accounts = new Map(accountsToLogOut(context).map((account) => [account.id, account]));
      const ids = new Set(accountIds ?? accounts.keys());
      const outcomes = await Promise.all(
        [...ids].map((id) => logOutOnce(id, accounts.get(id), context)),
      );
      await context.keyring.clearIfEmpty();
      const failures = outcomes.filter((outcome) => outcome !== null);
      // Also where the answer does not select them.
      for (const { error } of failures) context.failures.add(error);
      const failed = new Set(failures.map(({ accountId }) => accountId));
      return { loggedOut: [...ids].filter((id) => !failed.has(id)), failures };
    },
  }),
);

/** The accounts that can be logged out: those that can be read, and those whose logout the broker has not confirmed yet. */
function accountsToLogOut(context: Context): readonly ReachedAccount[] {
  const unconfirmed = context.keyring.sessions.filter(({ state }) => state === 'REVOKING');
  if (context.accounts.length === 0 && unconfirmed.length > 0) {
    return unconfirmed.map(reachedBySession);
  }
  return [...reachedAccounts(context), ...unconfirmed.map(reachedBySession)];
}

/** What came of each account's logout, by the account's id. */
const logouts = perOperation(() => new Map<string, Promise<AccountFailure | null>>());

/** One call an account and operation, under however many aliases the operation asks for it. */
export function logOutOnce(
  id: string,
  account: ReachedAccount | undefined,
  context: Context,
): Promise<AccountFailure | null> {
  const ofOperation = logouts(context);
  const known = ofOperation.get(id);
  if (known !== undefined) return known;
  const outcome = logOut(id, account, context);
  if (account !== undefined) ofOperation.set(id, outcome);
  return outcome;
}

async function logOut(
  id: string,
  account: ReachedAccount | undefined,
  context: Context,
): Promise<AccountFailure | null> {
  if (account === undefined) return { accountId: id, account: null, error: accountNotFound(id) };
  if (account.denied) return { accountId: id, account, error: credentialDenied(account) };
  const { access } = account;
  if (access !== null) context.loaders.forget(access);
  const error = await end(account, context);
  if (access !== null) context.loaders.forget(access);
  return error && { accountId: id, account, error };
}

/** Ends the account's tokens at its broker; what went wrong, or null. */
async function end(account: ReachedAccount, context: Context): Promise<Problem | null> {
  const { access, session } = account;
  const { broker, keyring, deadline } = context;
  try {
    if (session !== null) {
      const unconfirmed = await keyring.revoke(session, deadline);
      return unconfirmed && problemOf(unconfirmed, 'logout', context, account);
    }
    if (access !== null) await broker.invalidateAccessToken(access.credential, deadline);
    return null;
  } catch (error) {
    if (error instanceof KeyringStoreError) return keyringUnavailable();
    // A token that the broker already rejects needs no ending.
    if (error instanceof BrokerError && error.code === 'token') return null;
    return problemOf(error, 'logout', context, account);
  }
}
