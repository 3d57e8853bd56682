// A Kite session, as the token endpoint answers an exchange or a renewal (docs: "Authentication and token exchange").
// The payload's `enctoken` and `silo` stop here: they are in no attribute table and serve no client.

import { Secret } from '../upstream/secret.ts';
import { type Field, isRecord } from './field.ts';
import { indiaTime } from './india-time.ts';
import { type Profile, parseProfile } from './profile.ts';

/** What a successful exchange or renewal hands over. */
export interface KiteSession {
  /** Signs every later call; dies at 06:00 in India, at the latest. */
  readonly accessToken: Secret;
  /** For validating a session where requests are public; null where Kite sent none. */
  readonly publicToken: Secret | null;
  /** Renews the session; null for ordinary apps, to which Kite sends an empty string. */
  readonly refreshToken: Secret | null;
  /** When the user logged in; null where Kite does not say. */
  readonly loginTime: Field<Date | null>;
  /** The broker's id of the user; null where Kite does not say. */
  readonly userId: string | null;
  /** The profile in the same payload; null where the answer holds no more than an id, as a renewal's may. */
  readonly profile: Profile | null;
}

/** Reads a session; null when it lacks the one thing that matters, an access token. */
export function parseSession(data: unknown): KiteSession | null {
  if (!isRecord(data)) return null;
  const accessToken = token(data.access_token);
  if (accessToken === null) return null;
  const saysWhoTheUserIs = 'user_name' in data || 'user_type' in data || 'email' in data;
  return {
    accessToken,
    publicToken: token(data.public_token),
    refreshToken: token(data.refresh_token),
    loginTime: indiaTime(data.login_time),
    userId: typeof data.user_id === 'string' && data.user_id !== '' ? data.user_id : null,
    profile: saysWhoTheUserIs ? parseProfile(data) : null,
  };
}

function token(value: unknown): Secret | null {
  return typeof value === 'string' && value !== '' ? new Secret(value) : null;
}
