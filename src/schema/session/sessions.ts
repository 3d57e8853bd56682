// Query.sessions: the sessions that this browser may see.
import { unauthenticated } from '../account.ts';
import { builder } from '../builder.ts';
import { keyringUnavailable, problemError } from '../errors/problem.ts';
import { SessionRef } from './session.ts';
import { sessionOfRecord } from './session-source.ts';

builder.queryField('sessions', (t) =>
  t.field({
    type: [SessionRef],
    description:
      'The Kite sessions in this browser’s keyring, newest first. Ended sessions are listed for a week, so that a ' +
      'page can offer a new login. Empty with header credentials. Makes no upstream call itself.',
    resolve: (_root, _arguments, context) => {
      const { accounts, keyring } = context;
      const hasCredentials = accounts.some(({ session }) => session === null);
      if (hasCredentials) return [];
      if (keyring.unavailable) throw problemError(keyringUnavailable());
      if (keyring.barred !== null) throw problemError(unauthenticated(context));
      return keyring.sessions.map((record) => sessionOfRecord(record, context));
    },
  }),
);
