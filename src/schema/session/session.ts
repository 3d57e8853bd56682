// Session: what a login gave, and the life of it.
import type { Secret } from '../../brokers/upstream/secret.ts';
import { assuranceLevel, authenticatedAt } from '../../keyring/authentication.ts';
import { AccountRef } from '../account.ts';
import { BrokerEnum } from '../broker.ts';
import { builder } from '../builder.ts';
import { NodeRef } from '../node.ts';
import { selectedFields } from '../selected-fields.ts';
import { UserRef, userOf } from '../user.ts';
import { AssuranceLevelEnum, AuthenticationMethodRef } from './authentication-method.ts';
import { DeviceRef } from './session-device.ts';
import { type SessionSource, sessionOfRecord, type TokensOnce } from './session-source.ts';
import { endOf, SessionEndReasonEnum, SessionStateEnum, stateOf } from './session-state.ts';

/** The GraphQL type Session. */
export const SessionRef = builder.objectRef<SessionSource>('Session').implement({
  interfaces: [NodeRef],
  description:
    'A session at a broker: what its login answered, and the state of it. It ends at logout and when the broker ends ' +
    'it; at Kite that is every morning.',
  fields: (t) => {
    const token = (description: string, secret: (tokens: TokensOnce) => Secret | null) =>
      t.string({
        description:
          `${description} Only in the answer of exchangeToken, completeLogin or renewSession, if the operator ` +
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
        'Signs calls to the broker. Never let it reach a browser.',
        (s) => s.accessToken,
      ),
      publicToken: token('Validates the session where requests are public.', (s) => s.publicToken),
      refreshToken: token('Renews the session; few platforms get one.', (s) => s.refreshToken),
      loginTime: t.expose('loginTime', {
        type: 'DateTime',
        description:
          'When the user logged in, according to the broker; null if it sends no readable time.',
      }),
      authenticationMethods: t.field({
        type: [AuthenticationMethodRef],
        nullable: false,
        description: 'What was given for the session, in order: the login, then the last renewals.',
        resolve: ({ authenticationMethods }) => [...authenticationMethods],
      }),
      assuranceLevel: t.field({
        type: AssuranceLevelEnum,
        description:
          'How many factors the login proved; null where the broker does not prove it. Kite does not say what its ' +
          'login page asked for.',
        resolve: ({ authenticationMethods }) => assuranceLevel(authenticationMethods),
      }),
      authenticatedAt: t.field({
        type: 'DateTime',
        description:
          'When the user gave the last factor, according to the broker: for Kite the login time. A renewal does not ' +
          'change it.',
        resolve: ({ authenticationMethods }) => authenticatedAt(authenticationMethods),
      }),
      issuedAt: t.expose('issuedAt', {
        type: 'DateTime',
        nullable: false,
        description: 'When the gateway received the session and, with a keyring, stored it.',
      }),
      updatedAt: t.field({
        type: 'DateTime',
        nullable: false,
        description:
          'When the session last changed: it was issued, it was renewed, its account was given another label, or it ' +
          'ended. Use is no change.',
        resolve: async (session, _arguments, context, info) => {
          const isOpen = session.state === 'ACTIVE';
          const end = isOpen ? await endOf(session, context, info) : null;
          return end?.at ?? session.updatedAt;
        },
      }),
      endedAt: t.field({
        type: 'DateTime',
        description:
          'When it ended here; null while it is active. A logout of an expired session does not change it.',
        resolve: async (session, _arguments, context, info) =>
          (await endOf(session, context, info))?.at ?? null,
      }),
      endReason: t.field({
        type: SessionEndReasonEnum,
        description: 'Why it ended at `endedAt`; null while it is active.',
        resolve: async (session, _arguments, context, info) =>
          (await endOf(session, context, info))?.reason ?? null,
      }),
      state: t.field({
        type: SessionStateEnum,
        nullable: false,
        description: 'The state of the session, as the reads of the same operation found it.',
        resolve: (session, _arguments, context, info) => stateOf(session, context, info),
      }),
      active: t.boolean({
        nullable: false,
        description: 'Whether `state` is ACTIVE.',
        resolve: async (session, _arguments, context, info) =>
          (await stateOf(session, context, info)) === 'ACTIVE',
      }),
      current: t.boolean({
        nullable: false,
        description:
          'Whether the session is in this browser’s keyring, or belongs to a credential of this request.',
        resolve: ({ account: { id, session }, isElsewhere }, _arguments, { accounts }) =>
          !isElsewhere && (session !== null || accounts.some((account) => account.id === id)),
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description:
          'An estimate: for Kite the next 06:00 in India after the login. Only SESSION_EXPIRED proves that it has ' +
          'expired. Null for a broker that does not say when sessions expire.',
        resolve: ({ account, loginTime, issuedAt }, _arguments, { broker }) => {
          return broker.of(account.broker).toldExpiryOf(loginTime ?? issuedAt);
        },
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
      createdFrom: t.expose('createdFrom', {
        type: DeviceRef,
        description: 'The device that it was logged in from; null if it is not known.',
      }),
    };
  },
});

builder.objectField(AccountRef, 'session', (t) =>
  t.field({
    type: SessionRef,
    description: "This account's session in the browser's keyring; null with header credentials.",
    resolve: ({ session }, _arguments, context) => session && sessionOfRecord(session, context),
  }),
);
