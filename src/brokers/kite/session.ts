// A Kite session, as the token endpoint answers an exchange or a renewal (docs: "Authentication and token exchange").
// The payload's `enctoken` and `silo` stop here: they are in no attribute table and serve no client.

import type { AuthenticationMethod, BrokerSession } from '../answers.ts';
import { isRecord, malformed } from '../field.ts';
import { indiaTime } from '../india-time.ts';
import { Secret } from '../upstream/secret.ts';
import { parseProfile } from './profile.ts';

/**
 * Reads a session; null when it lacks the one thing that matters, an access token.
 * @param method what was redeemed for it.
 */
export function parseSession(
  data: unknown,
  method: 'BROKER_LOGIN' | 'REFRESH_TOKEN',
): BrokerSession | null {
  if (!isRecord(data)) return null;
  const accessToken = token(data.access_token);
  if (accessToken === null) return null;
  const saysWhoTheUserIs = 'user_name' in data || 'user_type' in data || 'email' in data;
  const loginTime = indiaTime(data.login_time);
  return {
    accessToken,
    publicToken: token(data.public_token),
    refreshToken: token(data.refresh_token),
    loginTime,
    userId: typeof data.user_id === 'string' && data.user_id !== '' ? data.user_id : null,
    baseUrl: null,
    profile: saysWhoTheUserIs ? parseProfile(data) : null,
    keptProfile: null,
    authenticationMethods: [given(method, loginTime === malformed ? null : loginTime)],
  };
}

/** Kite does not say which factors its page asked for, so no level is proved. Its login time is that of a login. */
function given(
  method: 'BROKER_LOGIN' | 'REFRESH_TOKEN',
  loginTime: Date | null,
): AuthenticationMethod {
  const completedAt = method === 'BROKER_LOGIN' ? loginTime : null;
  return { method, assuranceLevel: null, completedAt, provider: 'KITE' };
}

function token(value: unknown): Secret | null {
  return typeof value === 'string' && value !== '' ? new Secret(value) : null;
}
