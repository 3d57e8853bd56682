// Session: what a login gave, and the life of it.
import type { Context } from '../context.ts';
import { malformed } from '../kite/field.ts';
import { nextSixInIndia } from '../kite/india-time.ts';
import type { Secret } from '../kite/secret.ts';
import type { KiteSession } from '../kite/session.ts';
import { type Account, accountOf, sessionIdOf } from '../loaders/account.ts';
import { AccountRef } from './account.ts';
import { builder } from './builder.ts';
import { reading } from './reading.ts';
import { UserRef } from './user.ts';

/** A session and the account that it opens. */
export interface SessionSource {
  readonly id: string;
  readonly account: Account;
  readonly session: KiteSession;
  /** When the gateway received it. */
  readonly receivedAt: Date;
}

/**
 * The source of a session that Kite has just handed over. Its profile, where the answer holds one,
 * is what the account's `user` resolves to in this operation: no further call.
 */
export function newSession(
  session: KiteSession,
  apiKey: string,
  { loaders, now }: Context,
): SessionSource {
  const credential = { apiKey, accessToken: session.accessToken };
  const account = accountOf(credential);
  loaders.forget(account);
  if (session.profile !== null) {
    loaders.profiles.prime(account, Promise.resolve(session.profile));
  }
  return { id: sessionIdOf(credential), account, session, receivedAt: now() };
}

const SessionStateEnum = builder.enumType('SessionState', {
  description: 'Where a session is in its life.',
  values: {
    ACTIVE: { description: 'Kite accepts its token, as far as anybody knows.' },
    EXPIRED: { description: 'Kite no longer accepts its token: log in again.' },
    REVOKED: { description: 'It was logged out.' },
  } as const,
});

/** The GraphQL type Session. */
export const SessionRef = builder.objectRef<SessionSource>('Session').implement({
  description:
    'A Kite session: everything that the token endpoint says, and the life of it. ' +
    'It ends at logout, when the broker says so, and every morning.',
  fields: (t) => {
    const token = (description: string, secret: (session: KiteSession) => Secret | null) =>
      t.string({
        description: `${description} Only in the answer to exchangeToken or renewSession, and only where the operator lets tokens out; null otherwise.`,
        resolve: ({ session }, _arguments, { exposeTokens }) =>
          exposeTokens ? (secret(session)?.reveal() ?? null) : null,
      });
    return {
      id: t.exposeID('id', { nullable: false, description: 'Opaque id of this session.' }),
      account: t.expose('account', {
        type: AccountRef,
        nullable: false,
        description: 'The account that this session opens.',
      }),
      user: t.field({
        type: UserRef,
        description:
          "Who logged in. From the token's own answer where that says it: no further call.",
        resolve: async ({ account }, _arguments, context) => {
          const profile = await reading(context.loaders.profiles.load(account), context, account);
          return { profile, account };
        },
      }),
      apiKey: t.string({
        nullable: false,
        description: 'The key of the app that the user logged in through.',
        resolve: ({ account }) => account.credential.apiKey,
      }),
      accessToken: token(
        'Signs calls to Kite. Never let it reach a browser.',
        (s) => s.accessToken,
      ),
      publicToken: token('Validates the session where requests are public.', (s) => s.publicToken),
      refreshToken: token('Renews the session; few platforms get one.', (s) => s.refreshToken),
      loginTime: t.field({
        type: 'DateTime',
        description: 'When the user logged in, by Kite; null where Kite does not say it readably.',
        resolve: ({ session }) => knownLoginTime(session),
      }),
      state: t.field({
        type: SessionStateEnum,
        nullable: false,
        description: 'Where the session is in its life.',
        resolve: () => 'ACTIVE' as const,
      }),
      active: t.boolean({
        nullable: false,
        description: 'Whether `state` is ACTIVE.',
        resolve: () => true,
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description:
          'An estimate: the next 06:00 in India after the login. The only proof of an end is SESSION_EXPIRED.',
        resolve: ({ session, receivedAt }) => nextSixInIndia(knownLoginTime(session) ?? receivedAt),
      }),
    };
  },
});

builder.objectField(AccountRef, 'session', (t) =>
  t.field({
    type: SessionRef,
    description: "This account's session in the browser's keyring; null with header credentials.",
    resolve: () => null,
  }),
);

function knownLoginTime({ loginTime }: KiteSession): Date | null {
  // The token in this answer works once: an unreadable time beside it must not take it along.
  return loginTime === malformed ? null : loginTime;
}
