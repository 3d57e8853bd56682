// What happens to a session record: a login makes it, a renewal gives it new tokens, an expiry or a logout ends it.
// Each function answers the next state, or null where the change does not apply to what is there now.
import { malformed } from '../kite/field.ts';
import type { KiteSession } from '../kite/session.ts';
import { type DeviceHint, withSighting } from './device.ts';
import { newId } from './names.ts';
import { isSameLogin, type SessionRecord } from './session-record.ts';

/** A login that Kite has confirmed. */
export interface Login {
  /** The Kite Connect app. */
  readonly apiKey: string;
  /** What Kite answered. */
  readonly session: KiteSession;
  /** The broker's id of the user; null where Kite did not say: the session then never meets an earlier one. */
  readonly userId: string | null;
}

/** The record of a login; the account id is that of the record it replaces, if there is one. */
export function loggedIn(
  key: string,
  { apiKey, userId, session }: Login,
  previous: SessionRecord | undefined,
  device: DeviceHint | null,
  at: Date,
): SessionRecord {
  return {
    key,
    accountId: previous?.accountId ?? newId(),
    apiKey,
    userId,
    ...issued(session, at),
    // Another login is another session: where the earlier one was used says nothing of it.
    devices: withSighting([], device, at),
  };
}

/** The record with the tokens of a renewal; null where it was revoked, replaced, or is another user's. */
export function renewed(
  current: SessionRecord,
  expected: SessionRecord,
  session: KiteSession,
  at: Date,
): SessionRecord | null {
  if (current.state === 'REVOKED' || !isSameLogin(current, expected)) return null;
  const userIds = [session.userId, current.userId];
  if (!userIds.includes(null) && session.userId !== current.userId) return null;
  const next = { ...current, ...issued(session, at) };
  return {
    ...next,
    // A renewal may leave out what has not changed.
    refreshToken: next.refreshToken ?? current.refreshToken,
    loginTime: next.loginTime ?? current.loginTime,
  };
}

/**
 * The record once its token is refused (EXPIRED) or logged out (REVOKED); null where it has ended that way, or was
 * replaced. An expired session keeps its refresh token, which is there to renew it; a revoked one keeps none.
 */
export function ended(
  current: SessionRecord,
  expected: SessionRecord,
  state: 'EXPIRED' | 'REVOKED',
  at: Date,
): SessionRecord | null {
  const hasEnded = current.state === state || current.state === 'REVOKED';
  if (hasEnded || !isSameLogin(current, expected)) return null;
  return {
    ...current,
    state,
    accessToken: null,
    publicToken: null,
    refreshToken: state === 'REVOKED' ? null : current.refreshToken,
    endedAt: current.endedAt ?? at,
  };
}

function issued(session: KiteSession, at: Date) {
  const { accessToken, publicToken, refreshToken, loginTime } = session;
  return {
    sessionId: newId(),
    state: 'ACTIVE' as const,
    accessToken,
    publicToken,
    refreshToken,
    loginTime: loginTime === malformed ? null : loginTime,
    issuedAt: at,
    endedAt: null,
    lastSeenAt: at,
  };
}
