// Query.sessions: the sessions that this browser may see.
import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import type { Context } from '../../context.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { unauthenticated } from '../account.ts';
import { builder } from '../builder.ts';
import { keyringUnavailable, type Problem, problemError } from '../errors/problem.ts';
import { SessionRef } from './session.ts';
import { type SessionSource, sessionOfRecord } from './session-source.ts';
import { userScopeOf } from './user-scope.ts';

const SessionScopeEnum = builder.enumType('SessionScope', {
  description: 'Which sessions to list.',
  values: {
    BROWSER: { description: 'Those in this browser’s keyring.' },
    USER: {
      description:
        'Also those of the same broker users in other browsers of this gateway: of each user of whom this browser ' +
        'has an active session that the broker accepted in the last minutes (5, unless the operator has set another ' +
        'number).',
    },
  } as const,
});

builder.queryField('sessions', (t) =>
  t.field({
    type: [SessionRef],
    description:
      'The sessions in this browser’s keyring, newest first. Ended sessions are listed for a week, so that a page can ' +
      'offer a new login. Empty with header credentials. Makes no upstream call itself, except with the scope USER: one ' +
      'call for each user whose session the broker has not accepted in the last minutes. The sessions of a user for whom ' +
      'this fails are listed as far as they are in this browser, and an error at this field says why the others are ' +
      'missing. A session of another browser has no token, and its `account` is this browser’s account of the same user ' +
      'and app, or one that cannot be read.',
    args: {
      scope: t.arg({
        type: SessionScopeEnum,
        defaultValue: 'BROWSER',
        description: 'Which sessions to list.',
      }),
    },
    resolve: async (_root, { scope }, context, info) => {
      if (hasCredentials(context)) return [];
      const refusal = keyringProblem(context);
      if (refusal !== null) throw problemError(refusal);
      const own = context.keyring.sessions;
      const all = scope === 'USER' ? [...own, ...(await elsewhere(context, info))] : own;
      const sorted = scope === 'USER' ? all.toSorted(newestFirst) : all;
      return sorted.map((record): SessionSource => sessionOfRecord(record, context));
    },
  }),
);

/** Whether a request came with credentials in its header. */
export function hasCredentials({ accounts }: Context): boolean {
  return accounts.some(({ session }) => session === null);
}

/** Why the sessions of a request's browser cannot be told; null where they can. */
export function keyringProblem(context: Context): Problem | null {
  const { keyring } = context;
  if (keyring.unavailable) return keyringUnavailable();
  return keyring.barred === null ? null : unauthenticated(context);
}

async function elsewhere(
  context: Context,
  { path }: GraphQLResolveInfo,
): Promise<readonly SessionRecord[]> {
  const users = await userScopeOf(context).all();
  for (const { problem } of users) {
    if (problem === null || !context.answer.countError(path)) continue;
    const { message, ...extensions } = problem;
    context.besides.push(new GraphQLError(message, { path: [path.key], extensions }));
  }
  return users.flatMap(({ sessions }) => sessions);
}

function newestFirst(one: SessionRecord, other: SessionRecord): number {
  return other.issuedAt.getTime() - one.issuedAt.getTime();
}
