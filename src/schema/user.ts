// User and UserMeta: who the broker says an account's owner is.

import {
  type KeptProfile,
  type Profile,
  type ProfileMeta,
  unknownOfProfile,
} from '../brokers/answers.ts';
import type { Context, ReachedAccount } from '../context.ts';
import type { Account } from '../loaders/loaders.ts';
import { AccountRef } from './account.ts';
import { builder } from './builder.ts';
import { problemError } from './errors/problem.ts';
import {
  malformedError,
  type Readable,
  readField,
  succeeded,
  tryRead,
  withFieldErrors,
} from './field-reads.ts';
import { NodeRef, nodeId } from './node.ts';
import { selectedFields } from './selected-fields.ts';

/** Who a user is. */
export interface UserSource extends Readable<Omit<Profile, 'meta'>> {
  readonly meta: Readable<ProfileMeta> | null;
}

const UserMetaRef = builder.objectRef<Readable<ProfileMeta>>('UserMeta').implement({
  description: "Facts about a user's demat account.",
  fields: (t) => ({
    dematConsent: t.exposeString('dematConsent', {
      description:
        'How the user consented to the use of the demat account: `consent` or `physical`. Null if Kite does not send ' +
        'it.',
    }),
  }),
});

const texts = {
  userName: "The user's real name.",
  userShortname: 'A short form of the name, for a greeting.',
  email: "The user's e-mail address.",
  userType: "The user's role at the broker: `individual` for retail users; others exist.",
  broker: "The broker's id, such as `ZERODHA`.",
  avatarUrl: "URL of the user's picture (PNG); null if the user has none.",
} as const;

const lists = {
  exchanges: 'Exchanges enabled for the user, such as `NSE` or `MCX`. New ones may appear.',
  products: 'Margin products enabled for the user, such as `CNC` or `MTF`. New ones may appear.',
  orderTypes: 'Order types enabled for the user, such as `LIMIT`. New ones may appear.',
} as const;

/** The id of a user: made of the broker and `userId`. @throws what stands in place of a `userId` that is malformed. */
export function idOfUser(
  { brokerName, userId }: Pick<UserSource, 'brokerName' | 'userId'>,
  { digest }: Context,
): string {
  const value: unknown = userId;
  if (value instanceof Error) throw value;
  return nodeId('User', digest(brokerName, userId));
}

/** The GraphQL type User. */
export const UserRef = builder.objectRef<UserSource>('User').implement({
  interfaces: [NodeRef],
  description:
    'The user of an account, as known to the broker. Values that Kite may extend are strings, so that a new ' +
    'value breaks no query.',
  fields: (t) => {
    const text = (name: keyof typeof texts) => t.exposeString(name, { description: texts[name] });
    const list = (name: keyof typeof lists) =>
      t.expose(name, { type: ['String'], description: lists[name] });
    return {
      id: t.id({
        nullable: false,
        description: 'Opaque id of this user of this broker, the same through every app.',
        resolve: (user, _arguments, context) => idOfUser(user, context),
      }),
      userId: t.exposeID('userId', {
        nullable: false,
        description: "The broker's permanent id of the user, such as `AB1234`.",
      }),
      userName: text('userName'),
      userShortname: text('userShortname'),
      email: text('email'),
      userType: text('userType'),
      broker: text('broker'),
      exchanges: list('exchanges'),
      products: list('products'),
      orderTypes: list('orderTypes'),
      avatarUrl: text('avatarUrl'),
      meta: t.expose('meta', {
        type: UserMetaRef,
        description: 'Facts about the user’s demat account; null if Kite sends none.',
      }),
    };
  },
});

/** What is known of a user without a call: from the login of a keyring's session. */
interface KnownUser extends Pick<UserSource, 'brokerName' | 'userId' | 'userName'> {
  /** What is kept for a broker that cannot be asked for more. */
  readonly more: KeptProfile | null;
}

const known: ReadonlySet<string> = new Set(['__typename', 'id', 'userId', 'userName']);

/**
 * The user of an account, for one upstream call at most. A keyring knows who logged in: those two names cost no call,
 * and stay when the session has ended, because a login page has to say whose account it is for.
 * @param asked finds the fields asked for.
 */
export function userOf(
  account: ReachedAccount,
  context: Context,
  asked: () => ReadonlySet<string>,
): Promise<UserSource> {
  const kept = keptUser(account);
  if (kept !== null) return userInKeyring(account, kept, context, asked());
  const load = (access: Account) => context.loaders.profile(access);
  return readField(account, context, load, ({ value }) => readableUser(value, account));
}

async function userInKeyring(
  account: ReachedAccount,
  kept: KnownUser,
  context: Context,
  asked: ReadonlySet<string>,
): Promise<UserSource> {
  const { more, ...names } = kept;
  if (!context.broker.of(account.broker).readsProfile)
    return readableUser({ ...unknownOfProfile, ...names, ...more }, account);
  // A name that the login did not tell may still be had from the broker.
  const isEnough = kept.userName !== null || !asked.has('userName');
  if (isEnough && [...asked].every((name) => known.has(name)))
    return userKnownOnly(names, () => malformedError(account));
  const load = (access: Account) => context.loaders.profile(access);
  const outcome = await tryRead(account, context, load, succeeded);
  if ('value' in outcome) return readableUser(outcome.value.value, account);
  const fault = () => problemError(outcome.problem);
  if (outcome.problem.code !== 'SESSION_EXPIRED') throw fault();
  return userKnownOnly(names, fault);
}

function readableUser(profile: Profile, account: ReachedAccount): UserSource {
  const meta = withFieldErrors(profile.meta, account);
  return withFieldErrors(
    meta === profile.meta ? profile : { ...profile, meta },
    account,
  ) as UserSource;
}

/** What a keyring knows of an account's user; null where it does not, and with header credentials. */
export function keptUser({ broker: brokerName, session }: ReachedAccount): KnownUser | null {
  if (session?.userId == null) return null;
  const { userId, userName, keptProfile } = session;
  return { brokerName, userId, userName, more: keptProfile };
}

/** A user of whom nothing else is known: every other field is an error, which stands at that field alone. */
function userKnownOnly(kept: Omit<KnownUser, 'more'>, fault: () => Error): UserSource {
  const missing = [...Object.keys(texts), ...Object.keys(lists), 'meta'].filter(
    (name) => !known.has(name),
  );
  const errors = missing.map((name) => [name, { get: fault, enumerable: true }]);
  return Object.defineProperties({ ...kept }, Object.fromEntries(errors)) as UserSource;
}

builder.objectField(AccountRef, 'user', (t) =>
  t.field({
    type: UserRef,
    description:
      'The owner of the account. Makes one call to Kite (GET /user/profile). In a browser’s keyring, `userId` and ' +
      '`userName` are known from the login: they make no call and remain after the session has ended. A broker without ' +
      'such a call tells of the user in its login alone: nothing of the user makes a call, and what it does not tell is ' +
      'null.',
    resolve: (account, _arguments, context, info) =>
      userOf(account, context, () => selectedFields(info)),
  }),
);
