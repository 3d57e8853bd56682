// marginsChanged: the margins of accounts as they change, as a stream of events.

import type { Segment } from '../../brokers/answers.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import type { Finding } from '../../live/finding.ts';
import type { Change } from '../../live/watch.ts';
import type { Loaders } from '../../loaders/loaders.ts';
import { AccountRef, accountWithId, reachedAccounts } from '../account.ts';
import { builder } from '../builder.ts';
import { badInput, type Problem, problemError } from '../errors/problem.ts';
import { selectedFields } from '../selected-fields.ts';
import { MarginsRef } from './margins.ts';

const both: readonly Segment[] = ['equity', 'commodity'];
const seconds = { usual: 5, least: 1, most: 3_600 };

const MarginsChangeRef = builder.objectRef<ReachedAccount>('MarginsChange').implement({
  description: 'News of one account: its margins as they are now, or why they cannot be told.',
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: false,
      description:
        'The account. Its `margins` are those of this event; its `user` costs a call with each event that asks for it.',
      resolve: (account) => account,
    }),
    margins: t.field({
      type: MarginsRef,
      description:
        'The margins that were polled, without a further call. Where polling failed, the segments are null with a coded ' +
        'error at each: `retryable: true` says that the gateway goes on asking, and that the account’s next event ends ' +
        'the trouble; `retryable: false`, as with SESSION_EXPIRED, that this was the account’s last event.',
      resolve: (account) => account,
    }),
  }),
});

builder.subscriptionField('marginsChanged', (t) =>
  t.field({
    type: MarginsChangeRef,
    nullable: false,
    description:
      'The margins of every account that this request reaches, or of those named, as they change: one event for each ' +
      'account at once, and another whenever Kite answers something else in a segment that is selected here (`asOf` ' +
      'aside). No event means no change. ' +
      'Kite is asked for what is selected: one segment, or both, by one call; one poller serves all who watch an ' +
      'account with the same credential. Polls keep to the app’s rate limit and take turns with queries: where many ' +
      'accounts are watched, they are asked less often than `everySeconds`. ' +
      'The stream ends when every account has had its last event; a client that connects again gets the present ' +
      'state first.',
    args: {
      accountIds: t.arg.idList({
        description:
          'The `id`s of the accounts to watch; one named twice is watched once. One that is not reached refuses the ' +
          'subscription with NOT_FOUND. Left out: every account.',
      }),
      everySeconds: t.arg.int({
        defaultValue: seconds.usual,
        description:
          `Seconds from one answer of Kite’s to the next question, from ${seconds.least} to ${seconds.most}: the ` +
          'least time between two events of one account, its last event excepted.',
      }),
    },
    subscribe: (_root, { accountIds, everySeconds }, context, info) => {
      const selected = new Set([
        ...selectedFields(info, 'margins'),
        ...selectedFields(info, 'account', 'margins'),
      ]);
      const named = both.filter((segment) => selected.has(segment));
      const accounts = watchedAccounts(accountIds, context);
      return context.live.watch(accounts, {
        segments: new Set(named.length > 0 ? named : both),
        everySeconds: sane(everySeconds ?? seconds.usual),
        callerId: context.callerId,
        signal: context.signal,
      });
    },
    resolve: ({ subject, finding }: Change<ReachedAccount>, _arguments, { loaders }) => {
      // An ended session must not be used again, whatever else the event asks of the account.
      if ('isEnded' in finding) return { ...subject, access: null };
      prime(loaders, subject, finding);
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
function prime({ margins }: Loaders, { access }: ReachedAccount, finding: Finding): void {
  if (access === null) return;
  for (const segment of both) {
    const key = { account: access, segment };
    if ('error' in finding) margins.prime(key, finding.error);
    else if ('answers' in finding) {
      const answer = finding.answers.get(segment);
      if (answer !== undefined) margins.prime(key, Promise.resolve(answer));
    }
  }
}

const crowded: Problem = {
  code: 'RATE_LIMITED',
  message: 'As many streams as may be watch one of these accounts already: close one of them.',
  retryable: true,
  retryAfterSeconds: 60,
};

const full: Problem = {
  code: 'RATE_LIMITED',
  message: 'This gateway watches as many accounts as it may: ask again later.',
  retryable: true,
  retryAfterSeconds: 60,
};
