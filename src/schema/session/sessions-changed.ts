// sessionsChanged: the sessions of a browser's keyring as they begin, change and end, as a stream of events.
import type { Context } from '../../context.ts';
import type { SessionChange } from '../../keyring/news/told-sessions.ts';
import { unauthenticated } from '../account.ts';
import { builder } from '../builder.ts';
import { keyringUnavailable, type Problem, problemError } from '../errors/problem.ts';
import { SessionRef } from './session.ts';
import { sessionOfRecord } from './session-source.ts';

const SessionChangeReasonEnum = builder.enumType('SessionChangeReason', {
  description: 'Why `sessionsChanged` sends a session.',
  values: {
    PRESENT: { description: 'It was in the browser’s keyring when the subscription began.' },
    STARTED: { description: 'A login started it.' },
    RENEWED: {
      description: 'It is a renewed session: it has a new `id`, and the `account` is the same.',
    },
    LABELLED: { description: 'Its account has another `label`.' },
    EXPIRING: {
      description:
        'Its `expiresAt`, an estimate, is some minutes away (15, unless the operator has set another number).',
    },
    ENDED: {
      description:
        'It ended: see `state` and `endReason`. Sent again when `state` changes, for example from REVOKING to REVOKED.',
    },
  } as const,
});

const SessionChangeRef = builder.objectRef<SessionChange>('SessionChange').implement({
  description: 'An event of one session.',
  fields: (t) => ({
    session: t.field({
      type: SessionRef,
      nullable: false,
      description: 'The session as it is now.',
      resolve: ({ record }) => sessionOfRecord(record),
    }),
    reason: t.expose('reason', {
      type: SessionChangeReasonEnum,
      nullable: false,
      description: 'Why it is sent.',
    }),
  }),
});

builder.subscriptionField('sessionsChanged', (t) =>
  t.field({
    type: SessionChangeRef,
    nullable: false,
    description:
      'The sessions in this browser’s keyring: each as it is now, with the reason PRESENT, and then every change, also ' +
      'by another tab, another browser or another gateway process. A client that reads slowly gets the latest state of ' +
      'each session, and not the states in between. A client that reconnects gets the present state first. The ' +
      'subscription itself makes no call to the broker. The stream ends when the keyring is gone. Only with the cookie ' +
      'of a browser.',
    subscribe: (_root, _arguments, context) => {
      const { keyring, signal } = context;
      if (keyring.unavailable) throw problemError(keyringUnavailable());
      if (keyring.id === null) throw problemError(noKeyring(context));
      if (!keyring.hasRoomForStream) throw problemError(full);
      return keyring.changes(signal);
    },
    resolve: (change: SessionChange) => change,
  }),
);

function noKeyring(context: Context): Problem {
  const { loginUrl } = unauthenticated(context);
  const reasons = [
    'sessionsChanged follows the sessions of a browser’s keyring, and this request reaches none.',
    context.keyring.barred ?? 'Log in from this browser first.',
  ];
  return {
    code: 'UNAUTHENTICATED',
    message: reasons.join(' '),
    retryable: false,
    ...(loginUrl !== undefined && { loginUrl }),
  };
}

const full: Problem = {
  code: 'RATE_LIMITED',
  message: 'Too many streams follow sessions: close one of this browser’s, or retry later.',
  retryable: true,
  retryAfterSeconds: 60,
};
