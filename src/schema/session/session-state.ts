// The state of a session and its end, as the reads of the same operation find them.
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../../context.ts';
import type { SessionState } from '../../keyring/session-record.ts';
import { builder } from '../builder.ts';
import { isDeferring } from '../defer.ts';
import type { SessionEnd, SessionSource } from './session-source.ts';

/** The end of a session, also where a read of this very operation finds its token refused; null while it is active. */
export async function endOf(
  { id, state, end, account, isElsewhere }: SessionSource,
  { sessionReads }: Context,
  info: GraphQLResolveInfo,
): Promise<SessionEnd | null> {
  if (state !== 'ACTIVE' || account.session === null || isElsewhere) return end;
  const refusedAt = isDeferring(info) ? sessionReads.refusedSoFar(id) : sessionReads.refusedAt(id);
  const at = await refusedAt;
  return at && { at, reason: 'REFUSED_BY_BROKER' };
}

/** The state of a session: EXPIRED also where a read of this very operation finds its token refused. */
export async function stateOf(
  session: SessionSource,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<SessionState> {
  if (session.state !== 'ACTIVE') return session.state;
  return (await endOf(session, context, info)) === null ? 'ACTIVE' : 'EXPIRED';
}

/** The GraphQL enum SessionState. */
export const SessionStateEnum = builder.enumType('SessionState', {
  description: 'The state of a session.',
  values: {
    ACTIVE: { description: 'The broker accepts its token, as far as the gateway knows.' },
    EXPIRED: { description: 'The broker no longer accepts its token: log in again.' },
    REVOKING: {
      description:
        'It was logged out here, and the broker has not confirmed it yet. The gateway makes no reads with its token, and ' +
        'repeats the logout. You can also send `logout` again.',
    },
    REVOKED: { description: 'It was logged out.' },
  } as const,
});

/** The GraphQL enum SessionEndReason. */
export const SessionEndReasonEnum = builder.enumType('SessionEndReason', {
  description: 'Why a session ended.',
  values: {
    LOGGED_OUT: { description: 'It was logged out in this browser.' },
    REVOKED_ELSEWHERE: { description: 'The user ended it from another browser.' },
    REFUSED_BY_BROKER: { description: 'The broker no longer accepts its token.' },
    REPLACED: { description: 'A later login of the same user and app replaced it.' },
    IDLE: {
      description: 'It was not used for some days, and its estimated expiry has passed.',
    },
    TOO_MANY: {
      description: 'The browser had more sessions than it may have, and this was the oldest.',
    },
  } as const,
});
