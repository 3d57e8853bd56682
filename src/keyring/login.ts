// What happens to a session record: a login makes it, a renewal gives it new tokens, an expiry or a logout ends it.
// Each function answers the next state, or null where the change does not apply to what is there now.

import type { BrokerSession } from '../brokers/answers.ts';
import type { BrokerName } from '../brokers/broker-name.ts';
import { malformed } from '../brokers/field.ts';
import { authenticatedAt, completed, withRenewal } from './authentication.ts';
import { newId } from './crypto/names.ts';
import { type DeviceHint, firstSighting } from './device.ts';
import {
  isSameLogin,
  type LoginOfRecord,
  type SessionEndReason,
  type SessionRecord,
  type SessionState,
} from './session-record.ts';

/** A login that a broker has confirmed. */
export interface Login {
  /** The broker that the user logged in to. */
  readonly broker: BrokerName;
  /** The app that the user logged in through. */
  readonly apiKey: string;
  /** What the broker answered. Where it does not say who the user is, the session never meets an earlier one. */
  readonly session: BrokerSession;
  /** Names this login among all others; left out where it cannot come twice. */
  readonly loginId?: string;
}

/** The record of a login; the account id and its label are those of the record it replaces, if there is one. */
export function loggedIn(
  key: string,
  { broker, apiKey, loginId, session }: Login,
  previous: SessionRecord | null,
  device: DeviceHint | null,
  at: Date,
  indexName: string | null = null,
): SessionRecord {
  return {
    key,
    indexName,
    accountId: previous?.accountId ?? newId(),
    broker,
    apiKey,
    userId: session.userId,
    baseUrl: session.baseUrl,
    userName: nameOf(session),
    keptProfile: session.keptProfile,
    loginId: loginId ?? null,
    renewalOf: null,
    ...issued(session, at),
    authenticationMethods: completed(session.authenticationMethods, at),
    label: previous?.label ?? null,
    // Another login is another session: where the earlier one was used says nothing of it.
    ...firstSighting(device, at),
  };
}

/**
 * The record with the tokens of a renewal; null where it was revoked, replaced, or is another user's.
 * @param renewalOf the session that was renewed.
 * @param maxMethods how many authentication methods the record keeps.
 */
export function renewed(
  current: SessionRecord,
  expected: SessionRecord,
  session: BrokerSession,
  renewalOf: string,
  at: Date,
  maxMethods: number,
): SessionRecord | null {
  if (hasLoggedOut(current) || !isSameLogin(current, expected)) return null;
  const userIds = [session.userId, current.userId];
  if (!userIds.includes(null) && session.userId !== current.userId) return null;
  const next = { ...current, ...issued(session, at) };
  return {
    ...next,
    userName: nameOf(session) ?? current.userName,
    loginId: null,
    renewalOf,
    authenticationMethods: withRenewal(
      current.authenticationMethods,
      completed(session.authenticationMethods, at),
      maxMethods,
    ),
    // A renewal may leave out what has not changed.
    refreshToken: next.refreshToken ?? current.refreshToken,
    loginTime: next.loginTime ?? current.loginTime,
  };
}

/** The record with another label of its account; null where it is another account's. */
export function labelled(
  current: SessionRecord,
  { accountId }: SessionRecord,
  label: string | null,
  at: Date,
): SessionRecord | null {
  if (current.accountId !== accountId) return null;
  return current.label === label ? current : { ...current, label, updatedAt: at };
}

/** The latest session of the same broker, app and user as a login, whatever key its row has; undefined without one. */
export function latestOf(
  entries: readonly { readonly record: SessionRecord }[],
  { broker, apiKey, session: { userId } }: Login,
): SessionRecord | undefined {
  if (userId === null) return undefined;
  const isTheirs = (record: SessionRecord) =>
    record.broker === broker && record.apiKey === apiKey && record.userId === userId;
  const [latest] = entries
    .map(({ record }) => record)
    .filter(isTheirs)
    .toSorted((one, other) => other.issuedAt.getTime() - one.issuedAt.getTime());
  return latest;
}

/** A session that a login has replaced, as it stays listed under a key of its own: over, and without a token. */
export function replacedBy(
  login: SessionRecord,
  earlier: SessionRecord,
  key: string,
): SessionRecord {
  const { indexName, issuedAt } = login;
  const over = ended(earlier, earlier, 'REVOKED', 'REPLACED', issuedAt) ?? earlier;
  return { ...over, key, indexName };
}

/** A session only ever moves on to a later one of these. */
const order: readonly SessionState[] = ['ACTIVE', 'EXPIRED', 'REVOKING', 'REVOKED'];

/**
 * The record once its token is refused (EXPIRED), its logout has begun (REVOKING) or is over (REVOKED); null where it
 * has ended that way already, or was replaced. An expired session keeps its refresh token, which can renew it. One
 * whose logout has begun keeps what has to be ended there, and is over at once where nothing has. A revoked one
 * keeps no token. A session that ends twice, as one that is logged out once it has expired, keeps the time and the
 * reason of its first end.
 */
export function ended(
  current: SessionRecord,
  expected: LoginOfRecord,
  state: Exclude<SessionState, 'ACTIVE'>,
  reason: SessionEndReason,
  at: Date,
): SessionRecord | null {
  const hasEnded = order.indexOf(current.state) >= order.indexOf(state);
  if (hasEnded || !isSameLogin(current, expected)) return null;
  const keeps = tokensKept[state](current);
  const isOver = state === 'REVOKING' && keeps.accessToken === null && keeps.refreshToken === null;
  return {
    ...current,
    state: isOver ? 'REVOKED' : state,
    ...keeps,
    publicToken: null,
    updatedAt: at,
    endedAt: current.endedAt ?? at,
    endReason: current.endReason ?? reason,
    revokingSince: state === 'REVOKING' && !isOver ? at : null,
  };
}

type Kept = Pick<SessionRecord, 'accessToken' | 'refreshToken'>;

const tokensKept = {
  EXPIRED: ({ refreshToken }: SessionRecord): Kept => ({ accessToken: null, refreshToken }),
  REVOKING: ({ accessToken, refreshToken }: SessionRecord): Kept => ({ accessToken, refreshToken }),
  REVOKED: (): Kept => ({ accessToken: null, refreshToken: null }),
};

/** Whether its user has logged it out, confirmed or not. */
function hasLoggedOut({ state }: SessionRecord): boolean {
  return state === 'REVOKING' || state === 'REVOKED';
}

/** Whether a record is another renewal of a session that was being renewed. */
export function isRivalRenewal(current: SessionRecord, renewalOf: string): boolean {
  return current.state === 'ACTIVE' && current.renewalOf === renewalOf;
}

/**
 * Whether a record that is not over is what one or several renewals have made of a session. A renewal keeps the factors
 * of its login, so that those of a later login have another time.
 */
export function isLaterRenewal(current: SessionRecord, session: SessionRecord): boolean {
  const { state, renewalOf } = current;
  if (state === 'REVOKED' || renewalOf === null) return false;
  if (renewalOf === session.sessionId) return true;
  const [one, other] = [current, session].map(({ authenticationMethods }) =>
    authenticatedAt(authenticationMethods)?.getTime(),
  );
  return one === other;
}

function nameOf({ profile }: BrokerSession): string | null {
  const name = profile?.userName ?? null;
  return name === malformed ? null : name;
}

function issued(session: BrokerSession, at: Date) {
  const { accessToken, publicToken, refreshToken, loginTime } = session;
  return {
    sessionId: newId(),
    state: 'ACTIVE' as const,
    accessToken,
    publicToken,
    refreshToken,
    loginTime: loginTime === malformed ? null : loginTime,
    issuedAt: at,
    updatedAt: at,
    endedAt: null,
    endReason: null,
    revokingSince: null,
    lastSeenAt: at,
  };
}
