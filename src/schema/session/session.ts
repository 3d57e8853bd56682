// Session: what a login gave, and the life of it; from the token endpoint's answer or from a browser's keyring.
import type { GraphQLResolveInfo } from 'graphql';
import type { BrokerSession } from '../../brokers/answers.ts';
import { defaultBroker } from '../../brokers/broker.ts';
import { malformed } from '../../brokers/field.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import { accountOfSession, type Context, type ReachedAccount } from '../../context.ts';
import type { Device } from '../../keyring/device.ts';
import type { SessionRecord, SessionState } from '../../keyring/session-record.ts';
import { accountOf, sessionIdOf } from '../../loaders/account.ts';
import { AccountRef, unauthenticated } from '../account.ts';
import { BrokerEnum } from '../broker.ts';
import { builder } from '../builder.ts';
import { isDeferring } from '../defer.ts';
import { keyringUnavailable, problemError } from '../errors/problem.ts';
import { digestOfWords, NodeRef, nodeId } from '../node.ts';
import { selectedFields } from '../selected-fields.ts';
import { UserRef, userOf } from '../user.ts';

/** Tokens that may go out in the answer that they came for, and never again. */
export type TokensOnce = Pick<BrokerSession, 'accessToken' | 'publicToken' | 'refreshToken'>;

/** A session, wherever it came from. */
export interface SessionSource {
  readonly id: string;
  readonly account: ReachedAccount;
  readonly state: SessionState;
  /** When the user logged in, by Kite; null where it did not say it readably. */
  readonly loginTime: Date | null;
  /** When the gateway received or stored it. */
  readonly issuedAt: Date;
  /** The tokens; null but in the answer to a login or renewal whose session no keyring took. */
  readonly tokens: TokensOnce | null;
  /** When and where it was used; null for a session of no keyring. */
  readonly use: { readonly lastSeenAt: Date } | null;
  /** Where it was used from, the last seen first. */
  readonly devices: readonly DeviceSource[];
}

/** A session that Kite has just handed over and that goes to the caller. */
export function sessionForCaller(
  session: BrokerSession,
  apiKey: string,
  context: Context,
): SessionSource {
  const credential = { apiKey, accessToken: session.accessToken };
  const access = accountOf(credential);
  const account: ReachedAccount = {
    id: access.id,
    broker: defaultBroker,
    apiKey,
    access,
    denied: false,
    session: null,
  };
  prime(account, session, context);
  return {
    id: sessionIdOf(credential),
    account,
    state: 'ACTIVE',
    // The token in this answer works once: an unreadable time beside it must not take it along.
    loginTime: session.loginTime === malformed ? null : session.loginTime,
    issuedAt: context.now(),
    tokens: session,
    use: null,
    devices: [],
  };
}

/** A session of a browser's keyring. Its tokens stay there. */
export function sessionOfRecord(record: SessionRecord): SessionSource {
  const { sessionId: id, state, loginTime, issuedAt } = record;
  return {
    id,
    account: accountOfSession(record),
    state,
    loginTime,
    issuedAt,
    tokens: null,
    use: record,
    devices: record.devices.map((device) => ({ ...device, id: idOfDevice(id, device) })),
  };
}

function idOfDevice(sessionId: string, { ipAddress, userAgent }: Device): string {
  return nodeId('SessionDevice', sessionId, digestOfWords(ipAddress ?? '', userAgent ?? ''));
}

/** The session of the request's keyring with an id, ended ones included; undefined with header credentials. */
export function findSession({ keyring }: Context, id: string): SessionSource | undefined {
  const record = keyring.sessions.find(({ sessionId }) => sessionId === id);
  return record && sessionOfRecord(record);
}

/** A keyring's session, where Kite has just handed it over: its profile need not be asked for again. */
export function newSessionOfRecord(
  record: SessionRecord,
  session: BrokerSession,
  context: Context,
): SessionSource {
  const source = sessionOfRecord(record);
  prime(source.account, session, context);
  return source;
}

function prime({ access }: ReachedAccount, { profile }: BrokerSession, { loaders }: Context): void {
  if (access === null) return;
  loaders.forget(access);
  if (profile !== null) loaders.profiles.prime(access, Promise.resolve(profile));
}

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
  description: 'Where a session is in its life.',
  values: {
    ACTIVE: { description: 'Kite accepts its token, as far as anybody knows.' },
    EXPIRED: { description: 'Kite no longer accepts its token: log in again.' },
    REVOKING: {
      description:
        'It was logged out here, and Kite has not confirmed it yet. Nothing is read with its token any more. ' +
        'The gateway goes on trying, and `logout` can be asked again.',
    },
    REVOKED: { description: 'It was logged out.' },
  } as const,
});

/** A device of one session. */
interface DeviceSource extends Device {
  readonly id: string;
}

const DeviceRef = builder.objectRef<DeviceSource>('SessionDevice').implement({
  interfaces: [NodeRef],
  description: 'An address and a browser that a session was used from.',
  fields: (t) => ({
    id: t.exposeID('id', {
      nullable: false,
      description: 'Opaque id of this device of this session.',
    }),
    ipAddress: t.exposeString('ipAddress', {
      description: 'The address that requests came from; null where it is not known.',
    }),
    userAgent: t.exposeString('userAgent', {
      description: 'What the browser calls itself, at most 256 characters. Untrusted text.',
    }),
    firstSeenAt: t.expose('firstSeenAt', {
      type: 'DateTime',
      nullable: false,
      description: 'When it was first seen.',
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: false,
      description: 'When it was last seen, within a minute.',
    }),
  }),
});

/** The GraphQL type Session. */
export const SessionRef = builder.objectRef<SessionSource>('Session').implement({
  interfaces: [NodeRef],
  description:
    'A Kite session: everything that the token endpoint says, and the life of it. ' +
    'It ends at logout, when the broker says so, and every morning.',
  fields: (t) => {
    const token = (description: string, secret: (tokens: TokensOnce) => Secret | null) =>
      t.string({
        description:
          `${description} Only in the answer to exchangeToken or renewSession, where the operator lets ` +
          'tokens out and no keyring took the session; null otherwise.',
        resolve: ({ tokens }, _arguments, { exposeTokens }) =>
          tokens !== null && exposeTokens ? (secret(tokens)?.reveal() ?? null) : null,
      });
    return {
      id: t.exposeID('id', {
        nullable: false,
        description: 'Opaque id of this session; the next login has another.',
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
        description: 'The account that this session opens.',
      }),
      user: t.field({
        type: UserRef,
        description:
          "Who logged in. From the token's own answer where that says it: no further call then.",
        resolve: ({ account }, _arguments, context, info) =>
          userOf(account, context, selectedFields(info)),
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
        description: 'When the user logged in, by Kite; null where Kite does not say it readably.',
      }),
      authenticatedAt: t.expose('loginTime', {
        type: 'DateTime',
        description: 'When the user proved who they are: Kite’s login time, as `loginTime`.',
      }),
      issuedAt: t.expose('issuedAt', {
        type: 'DateTime',
        nullable: false,
        description: 'When the gateway received the session and, with a keyring, stored it.',
      }),
      state: t.field({
        type: SessionStateEnum,
        nullable: false,
        description:
          'Where the session is in its life, as the reads beside it in the same operation found it.',
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
          'Whether it is a session of this browser’s keyring, or of a credential that came with this request.',
        resolve: ({ account: { id, session } }, _arguments, { accounts }) =>
          session !== null || accounts.some((account) => account.id === id),
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description:
          'An estimate: the next 06:00 in India after the login. The only proof of an end is SESSION_EXPIRED.',
        resolve: ({ loginTime, issuedAt }, _arguments, { broker }) =>
          broker.expiryOf(loginTime ?? issuedAt),
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        description: 'When it was last used, within a minute; null for a session of no keyring.',
        resolve: ({ use }) => use?.lastSeenAt ?? null,
      }),
      devices: t.field({
        type: [DeviceRef],
        nullable: false,
        description: 'Where it was used from, the last seen first, at most ten.',
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
      "The Kite sessions in this browser's keyring, newest first; ended ones stay listed for a week, " +
      'so that a page can offer the login again. Empty with header credentials. Makes no upstream call by itself.',
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
