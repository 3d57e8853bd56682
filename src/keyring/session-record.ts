// One session of a keyring: its JSON, which is encrypted, and its parser.
import { z } from 'zod';
import type { AuthenticationMethod, KeptProfile } from '../brokers/answers.ts';
import { type BrokerName, brokerNames, defaultBroker } from '../brokers/broker-name.ts';
import { type Field, malformed } from '../brokers/field.ts';
import { Secret } from '../brokers/upstream/secret.ts';
import type { Device } from './device.ts';

/**
 * A session's state.
 * - `ACTIVE`: the broker accepts its token, as far as is known.
 * - `EXPIRED`: the broker said that its token is dead; a refresh token may still renew it.
 * - `REVOKING`: it was logged out, and the broker has not confirmed that yet. Its tokens are kept only to end them there.
 * - `REVOKED`: it was logged out, and its tokens are forgotten.
 */
export type SessionState = 'ACTIVE' | 'EXPIRED' | 'REVOKING' | 'REVOKED';

/**
 * Why a session ended.
 * - `LOGGED_OUT`: its user logged it out, from the browser that holds it.
 * - `REVOKED_ELSEWHERE`: its user ended it from another browser.
 * - `REFUSED_BY_BROKER`: the broker refused its token.
 * - `REPLACED`: a later login of the same app and user took its place.
 * - `IDLE`: it was not used, and the time at which its token was expected to expire has passed.
 * - `TOO_MANY`: the browser held more sessions than it may, and this was the oldest.
 */
export type SessionEndReason = (typeof endReasons)[number];

/** Every reason for which a session ends. */
export const endReasons = [
  'LOGGED_OUT',
  'REVOKED_ELSEWHERE',
  'REFUSED_BY_BROKER',
  'REPLACED',
  'IDLE',
  'TOO_MANY',
] as const;

/** A session in a keyring. Of the profile in the login's answer only what it may have to tell without a call is kept. */
export interface SessionRecord {
  /** The key of its row. The encrypted text is bound to it and does not contain it. */
  readonly key: string;
  /** Random; a new one with each login and renewal. */
  readonly sessionId: string;
  /** Random; the same for as long as the keyring holds this user of this app. */
  readonly accountId: string;
  /** The broker that the user logged in to. */
  readonly broker: BrokerName;
  /** The app that the user logged in through. */
  readonly apiKey: string;
  /** The broker's id of the user; null where the broker did not say. */
  readonly userId: string | null;
  /** Where the broker serves the user; null where it serves all users at one address. */
  readonly baseUrl: string | null;
  /** The user's name, as the login told it; null where it did not. */
  readonly userName: string | null;
  /** More of the user, for a broker that cannot be asked; null for every other. */
  readonly keptProfile: KeptProfile | null;
  /** Names the login it came from, so that the same redirect is known again; null for a renewal. */
  readonly loginId: string | null;
  /** The name of its user in the index of users; null where it is not noted there. */
  readonly indexName: string | null;
  /** The session that it is a renewal of; null for a login. */
  readonly renewalOf: string | null;
  /** Whether it still works. */
  readonly state: SessionState;
  /** Signs the account's calls; null once the session has ended, except while it is REVOKING. */
  readonly accessToken: Secret | null;
  /** The broker's public token; null where it sent none, and once the session has ended. */
  readonly publicToken: Secret | null;
  /** Renews the session, also an expired one; null where the broker sent none, and once it is revoked. */
  readonly refreshToken: Secret | null;
  /** When the user logged in, according to the broker; null where it did not say. */
  readonly loginTime: Date | null;
  /** When the gateway stored this login or renewal. */
  readonly issuedAt: Date;
  /** When the record last changed; use is no change. */
  readonly updatedAt: Date;
  /** When it expired or was logged out, whichever came first; null while it is active. */
  readonly endedAt: Date | null;
  /** Why it ended then; null while it is active. */
  readonly endReason: SessionEndReason | null;
  /** When the logout began that the broker has not confirmed yet; null in every other state. */
  readonly revokingSince: Date | null;
  /** When its keyring was last opened while it was active, within a minute. */
  readonly lastSeenAt: Date;
  /** Where it was used from, the last seen first, at most ten. */
  readonly devices: readonly Device[];
  /** Where it was logged in from; null where that is not known. */
  readonly createdFrom: Device | null;
  /** What was given for it, in order; a renewal adds to it. */
  readonly authenticationMethods: readonly AuthenticationMethod[];
  /** The user's own name for the account, which the next login keeps; null where the account has none. */
  readonly label: string | null;
}

/** Reads the name of a broker. */
export const brokerName = z.enum(brokerNames);
const date = z.iso.datetime().transform((text) => new Date(text));
const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));
const device = z.object({
  ipAddress: z.string().nullable(),
  userAgent: z.string().nullable(),
  countryCode: z.string().optional(),
  firstSeenAt: date,
  lastSeenAt: date,
});
const method = z.object({
  method: z.enum(['BROKER_LOGIN', 'REFRESH_TOKEN', 'PASSWORD', 'ACCESS_CODE', 'ONE_TIME_TOKEN']),
  assuranceLevel: z.enum(['SINGLE_FACTOR', 'TWO_FACTOR']).nullable(),
  completedAt: date.nullable(),
  provider: brokerName,
});
/** How a value of the wrong type is written. */
const wrongType = 'malformed';
const list = z
  .union([z.array(z.string()), z.literal(wrongType)])
  .nullable()
  .transform((value) => (value === wrongType ? malformed : value));
const shape = z.object({
  sessionId: z.string().min(1),
  accountId: z.string().min(1),
  apiKey: z.string().min(1),
  userId: z.string().min(1).nullable(),
  // What records of an earlier version do not have.
  broker: brokerName.default(defaultBroker),
  baseUrl: z.string().nullable().default(null),
  userName: z.string().nullable().default(null),
  keptProfile: z.object({ exchanges: list, products: list }).nullable().default(null),
  loginId: z.string().nullable().default(null),
  indexName: z.string().nullable().default(null),
  renewalOf: z.string().nullable().default(null),
  state: z.enum(['ACTIVE', 'EXPIRED', 'REVOKING', 'REVOKED']),
  accessToken: secret.nullable(),
  publicToken: secret.nullable(),
  refreshToken: secret.nullable(),
  loginTime: date.nullable(),
  issuedAt: date,
  endedAt: date.nullable(),
  revokingSince: date.nullable().default(null),
  lastSeenAt: date,
  devices: z.array(z.unknown()),
  updatedAt: date.optional(),
  endReason: z.enum(endReasons).nullable().optional(),
  createdFrom: z.unknown().optional(),
  authenticationMethods: z.array(z.unknown()).optional(),
  label: z.string().nullable().default(null),
});

/** What a record of an earlier version says with the fields that it has. */
const earlier = {
  updatedAt: ({ endedAt, revokingSince, issuedAt }: Parsed) => revokingSince ?? endedAt ?? issuedAt,

  endReason({ state }: Parsed): SessionEndReason | null {
    if (state === 'ACTIVE') return null;
    return state === 'EXPIRED' ? 'REFUSED_BY_BROKER' : 'LOGGED_OUT';
  },

  /** A login notes its device with its own time. A renewal has a later one: then it is not known. */
  createdFrom: ({ issuedAt }: Parsed, devices: readonly Device[]) =>
    devices.find(({ firstSeenAt }) => firstSeenAt.getTime() === issuedAt.getTime()) ?? null,

  authenticationMethods({ loginTime, issuedAt, renewalOf }: Parsed): AuthenticationMethod[] {
    const given = { assuranceLevel: null, provider: defaultBroker };
    const login = { method: 'BROKER_LOGIN', completedAt: loginTime, ...given } as const;
    const renewal = { method: 'REFRESH_TOKEN', completedAt: issuedAt, ...given } as const;
    return renewalOf === null ? [login] : [login, renewal];
  },
};

type Parsed = z.infer<typeof shape>;

/**
 * The record of a row from its decrypted JSON; null if it is not valid. A device or method that is not valid is left
 * out. Most queries ask for neither: they are read when the first one does.
 */
export function parseRecord(key: string, json: unknown): SessionRecord | null {
  const result = shape.safeParse(json);
  if (!result.success) return null;
  const parsed = result.data;
  const devices = once(() => parsed.devices.flatMap((one) => device.safeParse(one).data ?? []));
  const createdFrom = once(() =>
    parsed.createdFrom === undefined
      ? earlier.createdFrom(parsed, devices())
      : (device.safeParse(parsed.createdFrom).data ?? null),
  );
  const methods = once(
    () =>
      parsed.authenticationMethods?.flatMap((one) => method.safeParse(one).data ?? []) ??
      earlier.authenticationMethods(parsed),
  );
  const { devices: _d, createdFrom: _c, authenticationMethods: _m, ...fields } = parsed;
  return {
    key,
    ...fields,
    updatedAt: parsed.updatedAt ?? earlier.updatedAt(parsed),
    endReason: parsed.endReason === undefined ? earlier.endReason(parsed) : parsed.endReason,
    get devices() {
      return devices();
    },
    get createdFrom() {
      return createdFrom();
    },
    get authenticationMethods() {
      return methods();
    },
  };
}

function once<Value>(read: () => Value): () => Value {
  let known: { readonly value: Value } | null = null;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}

/** The JSON of a record, to encrypt. The only place that writes tokens out. */
export function recordJson({ key: _, ...record }: SessionRecord): unknown {
  const { keptProfile } = record;
  const written = <T>(value: Field<T>) => (value === malformed ? wrongType : value);
  return {
    ...record,
    keptProfile: keptProfile && {
      exchanges: written(keptProfile.exchanges),
      products: written(keptProfile.products),
    },
    accessToken: record.accessToken?.reveal() ?? null,
    publicToken: record.publicToken?.reveal() ?? null,
    refreshToken: record.refreshToken?.reveal() ?? null,
  };
}

/** What tells whether a record is still of the same login. */
export type LoginOfRecord = Pick<SessionRecord, 'key' | 'sessionId' | 'accessToken'>;

/** Whether two records are of one login: the same session, or another that was given the same token. */
export function isSameLogin(one: LoginOfRecord, other: LoginOfRecord): boolean {
  if (one.sessionId === other.sessionId) return true;
  return one.accessToken !== null && one.accessToken.reveal() === other.accessToken?.reveal();
}
