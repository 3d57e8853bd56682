// User and UserMeta: who the broker says an account's owner is.
import type { Context, ReachedAccount } from '../context.ts';
import type { Profile, ProfileMeta } from '../kite/profile.ts';
import { AccountRef } from './account.ts';
import { builder } from './builder.ts';
import { malformedError, type Readable, readable, reading } from './reading.ts';

/** Who a user is. */
export interface UserSource extends Readable<Omit<Profile, 'meta'>> {
  readonly meta: Readable<ProfileMeta> | null;
}

const UserMetaRef = builder.objectRef<Readable<ProfileMeta>>('UserMeta').implement({
  description: "Facts about a user's demat account.",
  fields: (t) => ({
    dematConsent: t.exposeString('dematConsent', {
      description:
        'How the user consented to the use of the demat account: `consent` or `physical`. ' +
        'Null where Kite says nothing.',
    }),
  }),
});

const texts = {
  userName: "The user's real name.",
  userShortname: 'A shorter form of the name, fit for a greeting.',
  email: "The user's e-mail address.",
  userType: "The user's role at the broker: `individual` for retail users; others exist.",
  broker: "The broker's id, such as `ZERODHA`.",
  avatarUrl: "Address of the user's picture (PNG); null where there is none.",
} as const;

const lists = {
  exchanges: 'Exchanges enabled for the user, such as `NSE` or `MCX`. New ones may appear.',
  products: 'Margin products enabled for the user, such as `CNC` or `MTF`. New ones may appear.',
  orderTypes: 'Order types enabled for the user, such as `LIMIT`. New ones may appear.',
} as const;

/** The GraphQL type User. */
export const UserRef = builder.objectRef<UserSource>('User').implement({
  description:
    'The user of an account, as the broker knows them. ' +
    'Values that Kite may extend any day stay strings, so that a new one breaks no query.',
  fields: (t) => {
    const text = (name: keyof typeof texts) => t.exposeString(name, { description: texts[name] });
    const list = (name: keyof typeof lists) =>
      t.expose(name, { type: ['String'], description: lists[name] });
    return {
      id: t.exposeID('userId', {
        nullable: false,
        description: 'The same as `userId`, for client caches that look for `id`.',
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
        description: "Facts about the user's demat account; null where Kite sends none.",
      }),
    };
  },
});

/** The user of an account, for one upstream call. */
export async function userOf(account: ReachedAccount, context: Context): Promise<UserSource> {
  const profile = await reading(account, context, (access) =>
    context.loaders.profiles.load(access),
  );
  const fault = () => malformedError(account);
  return readable({ ...profile, meta: readable(profile.meta, fault) }, fault);
}

builder.objectField(AccountRef, 'user', (t) =>
  t.field({
    type: UserRef,
    description: 'Who the account belongs to. Costs one call to Kite (GET /user/profile).',
    resolve: (account, _arguments, context) => userOf(account, context),
  }),
);
