// Where a Session comes from: the token endpoint's answer, or a record of a browser's keyring.
import type { AuthenticationMethod, BrokerSession } from '../../brokers/answers.ts';
import { credentialOf, sessionIdOf } from '../../brokers/credential.ts';
import { malformed } from '../../brokers/field.ts';
import type { SessionElsewhere } from '../../browser-keyring.ts';
import {
  type Context,
  type ReachedAccount,
  reachedByCredential,
  reachedBySession,
} from '../../context.ts';
import { completed } from '../../keyring/authentication.ts';
import type { Device } from '../../keyring/device.ts';
import type {
  SessionEndReason,
  SessionRecord,
  SessionState,
} from '../../keyring/session-record.ts';
import { findAccount } from '../account.ts';
import type { DeviceSource } from './session-device.ts';

/** Tokens that may go out in the answer that they came for, and never again. */
export type TokensOnce = Pick<BrokerSession, 'accessToken' | 'publicToken' | 'refreshToken'>;

/** A session, wherever it came from. */
export interface SessionSource {
  readonly id: string;
  readonly account: ReachedAccount;
  /** Whether it is another browser's: then nothing here opens its account. */
  readonly isElsewhere: boolean;
  readonly state: SessionState;
  /** When the user logged in, by the broker; null where it did not say it readably. */
  readonly loginTime: Date | null;
  /** When the gateway received or stored it. */
  readonly issuedAt: Date;
  /** When it last changed; use is no change. */
  readonly updatedAt: Date;
  /** When and why it ended; null while it is active. */
  readonly end: SessionEnd | null;
  /** What was given for it, in order. */
  readonly authenticationMethods: readonly AuthenticationMethod[];
  /** The tokens; null but in the answer to a login or renewal whose session no keyring took. */
  readonly tokens: TokensOnce | null;
  /** When and where it was used; null for a session of no keyring. */
  readonly use: { readonly lastSeenAt: Date } | null;
  /** Where it was used from, the last seen first. */
  readonly devices: readonly DeviceSource[];
  /** Where it was logged in from; null where that is not known. */
  readonly createdFrom: DeviceSource | null;
}

/** The end of a session. */
export interface SessionEnd {
  readonly at: Date;
  readonly reason: SessionEndReason;
}

/**
 * A session that a broker has just handed over and that goes to the caller. Where the caller has gone, nothing else knows
 * its tokens: they are ended at the broker.
 * @param spent the refresh token that it was renewed with; null where it was not renewed.
 */
export function sessionForCaller(
  session: BrokerSession,
  apiKey: string,
  context: Context,
  spent: string | null = null,
): SessionSource {
  const owner = { ...session, broker: context.broker.nameOf(apiKey), apiKey };
  // The same refresh token is still in the caller's hands, and renews the session again.
  const isNew = session.refreshToken?.reveal() !== spent;
  const unreceived = { ...owner, refreshToken: isNew ? session.refreshToken : null };
  whenGone(context, () => context.keyring.endTokens(unreceived));
  const credential = credentialOf(owner, session.accessToken);
  const account = reachedByCredential(credential);
  prime(account, session, context);
  const now = context.now();
  return {
    id: sessionIdOf(credential),
    account,
    isElsewhere: false,
    state: 'ACTIVE',
    // The token in this answer works once: an unreadable time beside it must not take it along.
    loginTime: session.loginTime === malformed ? null : session.loginTime,
    issuedAt: now,
    updatedAt: now,
    end: null,
    authenticationMethods: completed(session.authenticationMethods, now),
    tokens: session,
    use: null,
    devices: [],
    createdFrom: null,
  };
}

/**
 * Calls back, once, where the client has gone, or goes before the operation is over. Not later: there are servers that
 * abort a request whose answer the client has.
 */
function whenGone({ signal, deadline }: Context, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener('abort', callback, { once: true });
  deadline.onEnd(() => signal.removeEventListener('abort', callback));
}

/**
 * A session of a browser's keyring. Its tokens stay there.
 * @param context of a request: a session that is over then shows the account as the request reaches it, by a later session.
 */
export function sessionOfRecord(record: SessionRecord, context?: Context): SessionSource {
  const { sessionId: id, state, loginTime, issuedAt, updatedAt, endedAt, endReason } = record;
  const ofSession = (device: Device): DeviceSource => ({ ...device, sessionId: id });
  return {
    id,
    account: accountOfRecord(record, context),
    isElsewhere: isElsewhere(record),
    state,
    loginTime,
    issuedAt,
    updatedAt,
    end: endedAt && endReason && { at: endedAt, reason: endReason },
    tokens: null,
    use: record,
    // Read only where a query asks for them.
    get authenticationMethods() {
      return record.authenticationMethods;
    },
    get devices() {
      return record.devices.map(ofSession);
    },
    get createdFrom() {
      return record.createdFrom && ofSession(record.createdFrom);
    },
  };
}

function accountOfRecord(record: SessionRecord, context?: Context): ReachedAccount {
  if (isElsewhere(record)) {
    const own = context && accountOfUser(context, record);
    // No credential leads there, and none of another browser ever does.
    return own ?? { ...reachedBySession(record), access: null };
  }
  const isOpen = record.state === 'ACTIVE' || record.state === 'EXPIRED';
  const reached = isOpen || !context ? undefined : findAccount(context, record.accountId);
  return reached ?? reachedBySession(record);
}

/** Whether a session is another browser's. */
export function isElsewhere(record: SessionRecord): record is SessionElsewhere {
  return 'isElsewhere' in record;
}

/** The account of this request that is of the same app and user as a session; undefined without such an account. */
function accountOfUser(
  { accounts }: Context,
  { broker, apiKey, userId }: SessionRecord,
): ReachedAccount | undefined {
  const known =
    byUser.get(accounts) ?? new Map(accounts.map((account) => [nameOf(account), account]));
  byUser.set(accounts, known);
  return known.get(`${broker} ${apiKey} ${userId}`);
}

function nameOf({ broker, apiKey, session }: ReachedAccount): string {
  return `${broker} ${apiKey} ${session?.userId}`;
}

const byUser = new WeakMap<readonly ReachedAccount[], ReadonlyMap<string, ReachedAccount>>();

/** The session of the request's keyring with an id, ended ones included; undefined with header credentials. */
export function findSession(context: Context, id: string): SessionSource | undefined {
  const record = context.keyring.sessions.find(({ sessionId }) => sessionId === id);
  return record && sessionOfRecord(record, context);
}

/** A keyring's session, where the broker has just handed it over: its profile need not be asked for again. */
export function newSessionOfRecord(
  record: SessionRecord,
  session: BrokerSession,
  context: Context,
): SessionSource {
  const source = sessionOfRecord(record);
  prime(source.account, session, context);
  return source;
}

function prime(
  { access }: ReachedAccount,
  { profile }: BrokerSession,
  { loaders, now }: Context,
): void {
  if (access === null) return;
  loaders.forget(access);
  if (profile !== null) loaders.primeProfile(access, { value: profile, asOf: now() });
}
