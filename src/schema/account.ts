// Account: what one credential of the request reaches, and the ways to ask for it.
import type { Context } from '../context.ts';
import type { Account } from '../loaders/account.ts';
import { builder } from './builder.ts';
import { accountNotFound, loginUrl, problemError } from './problem.ts';

/** The GraphQL type Account. Its children add themselves. */
export const AccountRef = builder.objectRef<Account>('Account').implement({
  description:
    'One Kite account that this request reaches. Each child costs one call to Kite at most, ' +
    'and none when it is not asked for; a child that fails is null and leaves the others alone.',
  fields: (t) => ({
    id: t.exposeID('id', {
      nullable: false,
      description:
        'Opaque, and known without calling Kite. Made from the credential: the same token gives ' +
        'the same id, the next login another. It tells nothing of the user or the token.',
    }),
    apiKey: t.string({
      nullable: false,
      description: 'The key of the Kite Connect app through which the account is reached.',
      resolve: ({ credential }) => credential.apiKey,
    }),
  }),
});

builder.queryField('account', (t) =>
  t.field({
    type: AccountRef,
    description:
      'The one account that this request reaches, or the one named. ' +
      'AMBIGUOUS_ACCOUNT when there are several and no id was given.',
    args: {
      id: t.arg.id({
        description: 'The `id` of one of `accounts`. May be left out when there is one.',
      }),
    },
    resolve: (_root, { id }, context) => {
      const [account, another] = reachedAccounts(context);
      if (id != null) return accountWithId(context, id);
      if (another === undefined) return account;
      throw problemError({
        code: 'AMBIGUOUS_ACCOUNT',
        message: `This request reaches ${context.accounts.length} accounts: say which one with id, or ask for accounts.`,
        retryable: false,
        field: 'id',
      });
    },
  }),
);

builder.queryField('accounts', (t) =>
  t.field({
    type: [AccountRef],
    nullable: { list: true, items: true },
    description:
      "Every account that this request reaches, in the credentials' order; or those named, in the order named. " +
      'An id that is not reached is null, with NOT_FOUND at its path. Calls Kite for nothing by itself.',
    args: {
      ids: t.arg.idList({ description: 'Ids from an earlier answer. Left out: every account.' }),
    },
    resolve: (_root, { ids }, context) => {
      const accounts = reachedAccounts(context);
      // A rejected item nulls itself alone; a throw would null the list.
      return ids?.map(async (id) => accountWithId(context, id)) ?? [...accounts];
    },
  }),
);

/**
 * The accounts of the request.
 * @throws UNAUTHENTICATED when it reaches none.
 */
export function reachedAccounts(context: Context): readonly Account[] {
  if (context.accounts.length > 0) return context.accounts;
  const { foreignScheme, apps } = context;
  const app = apps.listed[0];
  throw problemError({
    code: 'UNAUTHENTICATED',
    message:
      (foreignScheme === null
        ? 'No credential came with this request. '
        : `The Authorization scheme ${foreignScheme} means nothing to this gateway. `) +
      'Send "Authorization: token api_key:access_token", or log in.',
    retryable: false,
    ...(app && { loginUrl: loginUrl(context, app.apiKey) }),
  });
}

/** The account of the request with an id, or undefined. */
export function findAccount(context: Context, id: string): Account | undefined {
  return context.accounts.find((account) => account.id === id);
}

function accountWithId(context: Context, id: string): Account {
  const account = findAccount(context, id);
  if (account === undefined) throw problemError(accountNotFound(id));
  return account;
}
