// AccountFailure: one account of an answer that failed, as data beside those that did not.
import type { ReachedAccount } from '../context.ts';
import { AccountRef } from './account.ts';
import { ApiErrorRef } from './api-error.ts';
import { builder } from './builder.ts';
import type { Problem } from './errors/problem.ts';

/** An account that is missing from an answer, and why. */
export interface AccountFailure {
  readonly accountId: string;
  /** Null when no account has the id. */
  readonly account: ReachedAccount | null;
  readonly error: Problem;
}

/** The GraphQL type AccountFailure. */
export const AccountFailureRef = builder.objectRef<AccountFailure>('AccountFailure').implement({
  description: 'An account that failed, and the reason.',
  fields: (t) => ({
    accountId: t.exposeID('accountId', {
      nullable: false,
      description: 'The id, as in the request.',
    }),
    account: t.expose('account', {
      type: AccountRef,
      description: 'The account; null if this request has no account with that id.',
    }),
    error: t.expose('error', {
      type: ApiErrorRef,
      nullable: false,
      description: 'What went wrong.',
    }),
  }),
});
