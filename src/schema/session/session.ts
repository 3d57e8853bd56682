// Session: what a login gave, and the life of it.
import type { GraphQLResolveInfo } from 'graphql';
import type { Secret } from '../../brokers/upstream/secret.ts';
import type { Context } from '../../context.ts';
import type { SessionState } from '../../keyring/session-record.ts';
import { AccountRef, unauthenticated } from '../account.ts';
import { BrokerEnum } from '../broker.ts';
import { builder } from '../builder.ts';
import { isDeferring } from '../defer.ts';
import { keyringUnavailable, problemError } from '../errors/problem.ts';
import { NodeRef } from '../node.ts';
import { selectedFields } from '../selected-fields.ts';
import { UserRef, userOf } from '../user.ts';
import { DeviceRef } from './session-device.ts';
import { type SessionSource, sessionOfRecord, type TokensOnce } from './session-source.ts';

/** The state of a session: EXPIRED also where a read of this very operation finds its token refused. */
async function stateOf(
  { id, state, account }: SessionSource,
  _arguments: object,
  { sessionReads }: Context,
  info: GraphQLResolveInfo,
): Promise<SessionState> {
  if (state !== 'ACTIVE' || account.session === null) return state;
  const isRefused = isDeferring(info) ? sessionReads.hasRefused(id) : sessionReads.isRefused(id);
  return (await isRefused) ? 'EXPIRED' : state;
}

const SessionStateEnum = builder.enumType('SessionState', {
  description: 'The state of a session.',
  values: {
    ACTIVE: { description: 'Kite accepts its token, as far as the gateway knows.' },
    EXPIRED: { description: 'Kite no longer accepts its token: log in again.' },
    REVOKING: {
      description:
        'It was logged out here, and Kite has not confirmed it yet. The gateway makes no reads with its token, and ' +
        'repeats the logout. You can also send `logout` again.',
    },
    REVOKED: { description: 'It was logged out.' },
  } as const,
});

/** The GraphQL type Session. */
export const SessionRef = builder.objectRef<SessionSource>('Session').implement({
  interfaces: [NodeRef],
  description:
    'A Kite session: the answer of the token endpoint and the state of the session. It ends at logout, when the ' +
    'broker ends it, and every morning.',
  fields: (t) => {
    const token = (description: string, secret: (tokens: TokensOnce) => Secret | null) =>
      t.string({
        description:
          `${description} Only in the answer of exchangeToken or renewSession, if the operator ` +
          'allows tokens in answers and the session is not in a keyring; null otherwise.',
        resolve: ({ tokens }, _arguments, { exposeTokens }) =>
          tokens !== null && exposeTokens ? (secret(tokens)?.reveal() ?? null) : null,
      });
    return {
      id: t.exposeID('id', {
        nullable: false,
        description: 'Opaque id of this session. The next login has another.',
      }),
      broker: t.field({
        type: BrokerEnum,
        nullable: false,
        description: 'The broker that the user logged in to.',
        resolve: ({ account }) => account.broker,
      }),
      account: t.expose('account', {
        type: AccountRef,
        nullable: false,
        description: 'The account of this session.',
      }),
      user: t.field({
        type: UserRef,
        description:
          'The user who logged in. Makes no call if the answer of the token endpoint contains it.',
        resolve: ({ account }, _arguments, context, info) =>
          userOf(account, context, () => selectedFields(info)),
      }),
      apiKey: t.string({
        nullable: false,
        description: 'The key of the app that the user logged in through.',
        resolve: ({ account }) => account.apiKey,
      }),
      accessToken: token(
        'Signs calls to Kite. Never let it reach a browser.',
        (s) => s.accessToken,
      ),
      publicToken: token('Validates the session where requests are public.', (s) => s.publicToken),
      refreshToken: token('Renews the session; few platforms get one.', (s) => s.refreshToken),
      loginTime: t.expose('loginTime', {
        type: 'DateTime',
        description:
          'When the user logged in, according to Kite; null if Kite sends no readable time.',
      }),
      authenticatedAt: t.expose('loginTime', {
        type: 'DateTime',
        description: 'When the user authenticated: Kite’s login time, as `loginTime`.',
      }),
      issuedAt: t.expose('issuedAt', {
        type: 'DateTime',
        nullable: false,
        description: 'When the gateway received the session and, with a keyring, stored it.',
      }),
      state: t.field({
        type: SessionStateEnum,
        nullable: false,
        description: 'The state of the session, as the reads of the same operation found it.',
        resolve: stateOf,
      }),
      active: t.boolean({
        nullable: false,
        description: 'Whether `state` is ACTIVE.',
        resolve: async (session, _arguments, context, info) =>
          (await stateOf(session, {}, context, info)) === 'ACTIVE',
      }),
      current: t.boolean({
        nullable: false,
        description:
          'Whether the session is in this browser’s keyring, or belongs to a credential of this request.',
        resolve: ({ account: { id, session } }, _arguments, { accounts }) =>
          session !== null || accounts.some((account) => account.id === id),
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description:
          'An estimate: the next 06:00 in India after the login. Only SESSION_EXPIRED proves that it has expired.',
        resolve: ({ loginTime, issuedAt }, _arguments, { broker }) =>
          broker.expiryOf(loginTime ?? issuedAt),
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        description: 'When it was last used, within a minute; null without a keyring.',
        resolve: ({ use }) => use?.lastSeenAt ?? null,
      }),
      devices: t.field({
        type: [DeviceRef],
        nullable: false,
        description: 'The devices that used it, the most recent first, at most ten.',
        resolve: ({ devices }) => [...devices],
      }),
    };
  },
});

builder.objectField(AccountRef, 'session', (t) =>
  t.field({
    type: SessionRef,
    description: "This account's session in the browser's keyring; null with header credentials.",
    resolve: ({ session }) => session && sessionOfRecord(session),
  }),
);

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
      return keyring.sessions.map(sessionOfRecord);
    },
  }),
);
