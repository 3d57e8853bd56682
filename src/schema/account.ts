// Account: what one credential of the request reaches, and the ways to ask for it.

import type { Context, ReachedAccount } from '../context.ts';
import { BrokerEnum } from './broker.ts';
import { builder } from './builder.ts';
import {
  accountNotFound,
  keyringUnavailable,
  loginAgain,
  type Problem,
  problemError,
} from './errors/problem.ts';
import { NodeRef } from './node.ts';
import { perOperation } from './per-operation.ts';

/** The GraphQL type Account. Its children add themselves. */
export const AccountRef = builder.objectRef<ReachedAccount>('Account').implement({
  interfaces: [NodeRef],
  description:
    'One account of this request. Each child makes at most one call to the broker, and none if it is not ' +
    'selected. A child that fails is null; the others are not affected.',
  fields: (t) => ({
    id: t.exposeID('id', {
      nullable: false,
      description:
        'Opaque, and known without a call to the broker. With header credentials it is derived from the credential and ' +
        'changes with each login. In a browser’s keyring it stays the same from login to login. It does not reveal ' +
        'the user or the token.',
    }),
    apiKey: t.exposeString('apiKey', {
      nullable: false,
      description: 'The key of the app that the account is accessed through.',
    }),
    broker: t.expose('broker', {
      type: BrokerEnum,
      nullable: false,
      description: 'The broker that holds the account.',
    }),
    label: t.string({
      description:
        'The user’s own name for the account, as `labelAccount` set it; null without one, and with header credentials.',
      resolve: ({ session }) => session?.label ?? null,
    }),
  }),
});

builder.queryField('account', (t) =>
  t.field({
    type: AccountRef,
    description:
      'The only account of this request, or the one with this id. Fails with AMBIGUOUS_ACCOUNT if the request has ' +
      'several accounts and no id is given.',
    args: {
      id: t.arg.id({
        description: 'The `id` of one of `accounts`. Optional if there is only one.',
      }),
    },
    resolve: (_root, { id }, context) => {
      const [account, another] = reachedAccounts(context);
      if (id != null) return accountWithId(context, id);
      if (another === undefined) return account;
      throw problemError({
        code: 'AMBIGUOUS_ACCOUNT',
        message: `The request has ${context.accounts.length} accounts: select one with id, or query accounts.`,
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
      'Every account of this request, in the order of the credentials, or the accounts with these ids, in their ' +
      'order. From a keyring: its active and expired sessions, newest first; an expired one fails with ' +
      'SESSION_EXPIRED, without a call to the broker. An unknown id is null, with NOT_FOUND at its path. This field ' +
      'makes no call itself. The fields of each account make calls within the rate limit of the app: at about ten ' +
      'calls a second, one query can read the margins of about 300 accounts of one app. The rest fail with ' +
      'RATE_LIMITED.',
    args: {
      ids: t.arg.idList({
        description: 'Ids from an earlier answer, at most 1,000. Default: every account.',
      }),
    },
    resolve: (_root, { ids }, context) => {
      const accounts = reachedAccounts(context);
      // An error in place of an item nulls it alone; a throw would null the list.
      return (ids?.map((id) => foundOrError(context, id)) as ReachedAccount[]) ?? [...accounts];
    },
  }),
);

const missingOf = perOperation(() => new Map<string, Error>());

/**
 * The account with an id, or the error in its place, made once in an operation, however many aliases name the id. A
 * rejected promise would cost each of them several turns of the event loop's queue.
 */
function foundOrError(context: Context, id: string): ReachedAccount | Error {
  const account = findAccount(context, id);
  if (account !== undefined) return account;
  const known = missingOf(context);
  const error = known.get(id) ?? problemError(accountNotFound(id));
  known.set(id, error);
  return error;
}

/**
 * The accounts of the request.
 * @throws UNAUTHENTICATED if it has no account; KEYRING_UNAVAILABLE if the store cannot be read.
 */
export function reachedAccounts(context: Context): readonly ReachedAccount[] {
  if (context.accounts.length > 0) return context.accounts;
  if (context.keyring.unavailable) throw problemError(keyringUnavailable());
  throw problemError(unauthenticated(context));
}

/** No credential came with the request, or none that may be used. */
export function unauthenticated(context: Context): Problem {
  const { foreignScheme, apps, keyring, broker } = context;
  const forms = broker.credentialForms.map((form) => `"Authorization: ${form}"`).join(' or ');
  const app = apps.listed[0];
  const reasons = [
    foreignScheme === null
      ? 'No credential came with this request.'
      : `The Authorization scheme ${foreignScheme} means nothing to this gateway.`,
    `Send ${forms}, or log in from a browser.`,
    ...(keyring.barred === null ? [] : [keyring.barred]),
  ];
  return {
    code: 'UNAUTHENTICATED',
    message: reasons.join(' '),
    retryable: false,
    ...(app && loginAgain(context, app.apiKey)),
  };
}

/** The account of the request with an id, or undefined. */
export function findAccount(context: Context, id: string): ReachedAccount | undefined {
  const known =
    byId.get(context.accounts) ?? new Map(context.accounts.map((each) => [each.id, each]));
  byId.set(context.accounts, known);
  return known.get(id);
}

const byId = new WeakMap<readonly ReachedAccount[], ReadonlyMap<string, ReachedAccount>>();

/** The same. @throws NOT_FOUND when this request reaches none with that id. */
export function accountWithId(context: Context, id: string): ReachedAccount {
  const account = findAccount(context, id);
  if (account === undefined) throw problemError(accountNotFound(id));
  return account;
}
