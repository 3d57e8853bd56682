// revokeSessions: ends sessions by their ids, in this browser and in others of its users.
import type { BrokerError } from '../../brokers/error.ts';
import type { SessionElsewhere } from '../../browser-keyring.ts';
import { type Context, reachedBySession } from '../../context.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { ApiErrorRef } from '../api-error.ts';
import { builder } from '../builder.ts';
import {
  badInput,
  keyringUnavailable,
  type Problem,
  problemError,
  problemOf,
} from '../errors/problem.ts';
import { logOutOnce } from './logout.ts';
import { hasCredentials, keyringProblem } from './sessions.ts';
import { userScopeOf } from './user-scope.ts';

interface SessionFailure {
  readonly sessionId: string;
  readonly error: Problem;
}

interface RevokeSessionsPayload {
  readonly revoked: readonly string[];
  readonly failures: readonly SessionFailure[];
}

const SessionFailureRef = builder.objectRef<SessionFailure>('SessionFailure').implement({
  description: 'A session that was not ended, or whose end the broker has not confirmed.',
  fields: (t) => ({
    sessionId: t.exposeID('sessionId', {
      nullable: false,
      description:
        'The id, as in the request; with `others`, also that of this browser’s own session of a user whose other ' +
        'sessions could not be ended.',
    }),
    error: t.expose('error', {
      type: ApiErrorRef,
      nullable: false,
      description: 'What went wrong. NOT_FOUND for an id that this browser’s users do not have.',
    }),
  }),
});

const RevokeSessionsPayloadRef = builder
  .objectRef<RevokeSessionsPayload>('RevokeSessionsPayload')
  .implement({
    description: 'The sessions that have ended, and those whose end is not confirmed.',
    fields: (t) => ({
      revoked: t.idList({
        nullable: false,
        description: 'Ids of the sessions whose tokens the broker no longer accepts.',
        resolve: ({ revoked }) => [...revoked],
      }),
      failures: t.field({
        type: [SessionFailureRef],
        nullable: false,
        description:
          'The others. Where the broker did not confirm an end, the gateway no longer uses the token and repeats it in ' +
          'the background.',
        resolve: ({ failures }) => [...failures],
      }),
    }),
  });

builder.mutationField('revokeSessions', (t) =>
  t.field({
    type: RevokeSessionsPayloadRef,
    description:
      'Ends sessions at the broker: those with these ids, in this browser or in another browser of the same user, and ' +
      'with `others` every session of this browser’s users that is in another browser. Sessions of other browsers need ' +
      'the same proof as `sessions(scope: USER)`. The other browser finds its session ended with its next request. A ' +
      'failure does not stop the others. With header credentials there are no sessions.',
    args: {
      ids: t.arg.idList({ description: 'Ids of sessions, at most 1,000.' }),
      others: t.arg.boolean({
        defaultValue: false,
        description: 'Whether to end all sessions of this browser’s users in other browsers.',
      }),
    },
    resolve: async (_root, { ids, others }, context) => {
      if (ids == null && !others) {
        throw problemError(badInput('ids', 'Send the ids of sessions, or `others: true`.'));
      }
      const refusal = keyringProblem(context);
      if (refusal !== null && !hasCredentials(context)) throw problemError(refusal);
      const outcomes = await outcomesOf(new Set(ids), others ?? false, context);
      await context.keyring.clearIfEmpty();
      const failures = [...outcomes].flatMap(([sessionId, error]) =>
        error === null ? [] : [{ sessionId, error }],
      );
      // Also where the answer does not select them.
      for (const { error } of failures) context.failures.add(error);
      const revoked = [...outcomes].flatMap(([id, error]) => (error === null ? [id] : []));
      return { revoked, failures };
    },
  }),
);

type Outcomes = ReadonlyMap<string, Problem | null>;

/** What came of each session, by its id: null where it has ended. */
async function outcomesOf(
  ids: ReadonlySet<string>,
  others: boolean,
  context: Context,
): Promise<Outcomes> {
  const own = new Map(context.keyring.sessions.map((record) => [record.sessionId, record]));
  const rest = new Set([...ids].filter((id) => !own.has(id)));
  const outcomes = new Map<string, Problem | null>();
  // Those of other browsers first: the sessions here prove whose they are.
  const elsewhere =
    rest.size > 0 ? await userScopeOf(context).withIds(rest) : new Map<string, never>();
  const toEnd = [...elsewhere].flatMap(([id, found]) => {
    if (!('code' in found)) return [found];
    outcomes.set(id, found);
    return [];
  });
  for (const id of rest) if (!elsewhere.has(id)) outcomes.set(id, notFound);
  if (others) {
    for (const user of await userScopeOf(context).all()) {
      if (user.problem !== null) outcomes.set(user.own.sessionId, user.problem);
      toEnd.push(...user.sessions.filter(({ state }) => state !== 'REVOKED'));
    }
  }
  const once = new Map(toEnd.map((record) => [record.sessionId, record]));
  const ended = [...once.values()].map(async (record) => {
    outcomes.set(record.sessionId, await endElsewhere(record, context));
  });
  await Promise.all(ended);
  const loggedOut = [...ids].map(async (id) => {
    const record = own.get(id);
    if (record === undefined) return;
    const account = reachedBySession(record);
    // One that is over may share its account with one that is not.
    const failure =
      record.state === 'REVOKED' ? null : await logOutOnce(account.id, account, context);
    outcomes.set(id, failure?.error ?? null);
  });
  await Promise.all(loggedOut);
  return outcomes;
}

async function endElsewhere(record: SessionElsewhere, context: Context): Promise<Problem | null> {
  if (record.state === 'REVOKED') return null;
  try {
    const error: BrokerError | null = await context.keyring.revokeElsewhere(
      record,
      context.deadline,
    );
    return error && problemOf(error, 'logout', context, { apiKey: record.apiKey });
  } catch (error) {
    if (error instanceof KeyringStoreError) return keyringUnavailable();
    throw error;
  }
}

/** The same for an id that does not exist and for one of another user. */
const notFound: Problem = {
  code: 'NOT_FOUND',
  message: 'This browser’s users have no session with this id.',
  retryable: false,
};
