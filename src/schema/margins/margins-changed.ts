// marginsChanged: the margins of accounts as they change, as a stream of events.

import { bothSegments } from '../../brokers/answers.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import type { PollResult } from '../../live/poll-result.ts';
import type { Change } from '../../live/watch.ts';
import type { Loaders } from '../../loaders/loaders.ts';
import { AccountRef, accountWithId, reachedAccounts } from '../account.ts';
import { builder } from '../builder.ts';
import { badInput, type Problem, problemError } from '../errors/problem.ts';
import { selectedFields } from '../selected-fields.ts';
import { MarginsRef } from './margins.ts';

const seconds = { usual: 5, least: 1, most: 3_600 };

const MarginsChangeRef = builder.objectRef<ReachedAccount>('MarginsChange').implement({
  description: 'An event of one account: its present margins, or the error.',
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: false,
      description:
        'The account. Its `margins` are those of this event; its `user` makes a call for each event that selects it.',
      resolve: (account) => account,
    }),
    margins: t.field({
      type: MarginsRef,
      description:
        'The polled margins, without a further call. If the poll failed, the segments are null, each with a coded ' +
        'error. With `retryable: true`, the gateway polls again, and the next successful poll sends an event. With ' +
        '`retryable: false`, for example SESSION_EXPIRED, this was the last event of the account.',
      resolve: (account) => account,
    }),
  }),
});

builder.subscriptionField('marginsChanged', (t) =>
  t.field({
    type: MarginsChangeRef,
    nullable: false,
    description:
      'The margins of every account of this request, or of the selected ones, as they change. Each account sends ' +
      'one event immediately, and another whenever a selected segment changes (`asOf` alone is not a change). No ' +
      'event means no change. The gateway polls Kite for the selected segments, one or both, with one call. All ' +
      'subscriptions to an account with the same credential share one poller, on all replicas that share a Redis. ' +
      'Polls keep to the rate limit of the app and take turns with queries, so with many accounts the interval is ' +
      'longer than `everySeconds`. The stream ends when every account has sent its last event; an account of a ' +
      'browser’s keyring does so when its ' +
      'session ends, wherever it was ended. A client that reconnects gets the present state first.',
    args: {
      accountIds: t.arg.idList({
        description:
          'The `id`s of the accounts to follow; a repeated id counts once. An unknown id refuses the subscription with ' +
          'NOT_FOUND. Default: every account.',
      }),
      everySeconds: t.arg.int({
        defaultValue: seconds.usual,
        description:
          `Seconds between an answer of Kite and the next poll, from ${seconds.least} to ${seconds.most}: the ` +
          'minimum time between two events of one account, except for its last event.',
      }),
    },
    subscribe: (_root, { accountIds, everySeconds }, context, info) => {
      const selected = new Set([
        ...selectedFields(info, 'margins'),
        ...selectedFields(info, 'account', 'margins'),
      ]);
      const named = bothSegments.filter((segment) => selected.has(segment));
      const accounts = watchedAccounts(accountIds, context);
      const options = {
        segments: new Set(named.length > 0 ? named : bothSegments),
        everySeconds: sane(everySeconds ?? seconds.usual),
        callerId: context.callerId,
        signal: context.signal,
      };
      const { keyring } = context;
      const ofKeyring = accounts.filter(({ session }) => session !== null);
      if (ofKeyring.length === 0) return context.live.watch(accounts, options);
      // Their session may be ended anywhere, also before the broker confirms it.
      if (!keyring.canBeFollowed) throw problemError(full);
      const byId = new Map(ofKeyring.map((account) => [account.id, account]));
      return context.live.watch(accounts, options, (onEnd) =>
        keyring.watchAccounts(new Set(byId.keys()), (id) => {
          const account = byId.get(id);
          if (account !== undefined) onEnd(account);
        }),
      );
    },
    resolve: ({ subject, result }: Change<ReachedAccount>, _arguments, { loaders }) => {
      // An ended session must not be used again, whatever else the event asks of the account.
      if ('isEnded' in result) return { ...subject, access: null };
      prime(loaders, subject, result);
      return subject;
    },
  }),
);

/** @throws NOT_FOUND, UNAUTHENTICATED, KEYRING_UNAVAILABLE; RATE_LIMITED when the gateway watches too many already. */
function watchedAccounts(
  ids: readonly string[] | null | undefined,
  context: Context,
): readonly ReachedAccount[] {
  const reached = reachedAccounts(context);
  const accounts = ids ? [...new Set(ids)].map((id) => accountWithId(context, id)) : reached;
  if (!context.live.hasRoomFor(accounts.length, context.callerId)) throw problemError(full);
  if (accounts.some((account) => context.live.isCrowded(account))) throw problemError(crowded);
  return accounts;
}

function sane(everySeconds: number): number {
  if (everySeconds >= seconds.least && everySeconds <= seconds.most) return everySeconds;
  const message = `everySeconds must be from ${seconds.least} to ${seconds.most}.`;
  throw problemError(badInput('everySeconds', message));
}

/** The event's resolvers find what was polled, as if they had loaded it. */
function prime(loaders: Loaders, { access }: ReachedAccount, result: PollResult): void {
  if (access === null) return;
  for (const segment of bothSegments) {
    if ('error' in result) loaders.primeMargins(access, segment, result.error);
    else if ('answer' in result && segment in result.answer.value)
      loaders.primeMargins(access, segment, result.answer);
  }
}

const crowded: Problem = {
  code: 'RATE_LIMITED',
  message: 'One of these accounts has too many subscriptions: close one of them.',
  retryable: true,
  retryAfterSeconds: 60,
};

const full: Problem = {
  code: 'RATE_LIMITED',
  message: 'The gateway has no room for more subscriptions: retry later.',
  retryable: true,
  retryAfterSeconds: 60,
};
