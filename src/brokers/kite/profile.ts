// A user's profile, as GET /user/profile and the token endpoint send it (docs: "User profile").
import { type Field, isRecord, malformed, requiredText, text, texts } from './field.ts';

/** Who the broker says a user is. Values are open sets: new ones appear without notice. */
export interface Profile {
  /** The broker's permanent id of the user, such as `AB1234`. */
  readonly userId: Field<string>;
  /** The user's real name. */
  readonly userName: Field<string | null>;
  /** A shorter form of the name. */
  readonly userShortname: Field<string | null>;
  /** The user's e-mail address. */
  readonly email: Field<string | null>;
  /** The user's role at the broker, such as `individual`. */
  readonly userType: Field<string | null>;
  /** The broker's id, such as `ZERODHA`. */
  readonly broker: Field<string | null>;
  /** Exchanges enabled for the user, such as `NSE`. */
  readonly exchanges: Field<readonly string[] | null>;
  /** Margin products enabled for the user, such as `CNC`. */
  readonly products: Field<readonly string[] | null>;
  /** Order types enabled for the user, such as `LIMIT`. */
  readonly orderTypes: Field<readonly string[] | null>;
  /** Address of the user's picture; Kite's empty string is null. */
  readonly avatarUrl: Field<string | null>;
  /** Facts about the user's demat account. */
  readonly meta: Field<ProfileMeta | null>;
}

/** Kite's `meta` of a profile. */
export interface ProfileMeta {
  /** `consent` or `physical`; Kite's empty string is null. */
  readonly dematConsent: Field<string | null>;
}

/** Reads a profile leniently: null for data that is no object at all. */
export function parseProfile(data: unknown): Profile | null {
  if (!isRecord(data)) return null;
  return {
    userId: requiredText(data.user_id),
    userName: text(data.user_name),
    userShortname: text(data.user_shortname),
    email: text(data.email),
    userType: text(data.user_type),
    broker: text(data.broker),
    exchanges: texts(data.exchanges),
    products: texts(data.products),
    orderTypes: texts(data.order_types),
    avatarUrl: textOrNothing(data.avatar_url),
    meta: meta(data.meta),
  };
}

function meta(value: unknown): Field<ProfileMeta | null> {
  if (value == null) return null;
  if (!isRecord(value)) return malformed;
  return { dematConsent: textOrNothing(value.demat_consent) };
}

/** A string of which the empty one says the same as null. */
function textOrNothing(value: unknown): Field<string | null> {
  return value === '' ? null : text(value);
}
