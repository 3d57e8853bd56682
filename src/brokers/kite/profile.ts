// A user's profile, as GET /user/profile and the token endpoint send it (docs: "User profile").
import type { Profile, ProfileMeta } from '../answers.ts';
import { type Field, isRecord, malformed, requiredText, text, texts } from '../field.ts';

/** Reads a profile leniently: null for data that is not an object. */
export function parseProfile(data: unknown): Profile | null {
  if (!isRecord(data)) return null;
  return {
    brokerName: 'KITE',
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
