// Kite's answers. First the envelope, {status, data} or {status, message, error_type, data}: out comes data or a BrokerError.
// It is read before the HTTP status, because an error can arrive with HTTP 200. Then the data: a user's profile and margins,
// and the session of a login. All amounts are rupees, float64, with the rounding errors of Kite's binary fractions.

import type {
  AuthenticationMethod,
  AvailableName,
  BrokerSession,
  Margins,
  Profile,
  ProfileMeta,
  SegmentMargins,
  UtilisedName,
} from '../answers.ts';
import { BrokerError, type BrokerErrorCode, codeOfStatus } from '../error.ts';
import {
  amount,
  type Field,
  isRecord,
  malformed,
  requiredAmount,
  requiredFlag,
  requiredText,
  text,
  texts,
} from '../field.ts';
import { indiaTime } from '../india-time.ts';
import { parseJson } from '../upstream/body.ts';
import { cleanMessage, cleanWord } from '../upstream/clean-message.ts';
import { Secret } from '../upstream/secret.ts';
import type { UpstreamRequest, UpstreamResponse } from '../upstream/transport.ts';

type WireRecord = Readonly<Record<string, unknown>>;

/**
 * The `data` of a successful answer, unparsed.
 * @param request what is answered: no message can repeat the secrets that it carried.
 * @param maxNesting objects and lists inside each other; an answer with more is refused.
 * @throws BrokerError for an error envelope, an error status, and any other answer that is not an envelope.
 */
export function openEnvelope(
  response: UpstreamResponse,
  request: Pick<UpstreamRequest, 'query' | 'form' | 'credential'>,
  maxNesting: number,
): unknown {
  const { status } = response;
  const envelope = parseJson(response.body, maxNesting);
  if (!isRecord(envelope) || !('status' in envelope || 'error_type' in envelope)) {
    throw new BrokerError(codeOfStatus(status) ?? 'invalid-response', details(response));
  }
  if (envelope.status === 'error' || typeof envelope.error_type === 'string') {
    const secrets = secretsOf(request);
    // Read before anything is replaced: a secret may hold the very word that decides.
    throw new BrokerError(codeOfError(envelope, status), {
      ...details(response),
      errorType: printableWord(envelope.error_type, secrets),
      brokerMessage: cleanMessage(envelope.message, secrets),
    });
  }
  if (status >= 400) {
    throw new BrokerError(codeOfStatus(status) ?? 'invalid-response', details(response));
  }
  if (envelope.status !== 'success' || envelope.data === undefined) {
    throw new BrokerError('invalid-response', details(response));
  }
  return envelope.data;
}

function secretsOf({
  query,
  form,
  credential,
}: Pick<UpstreamRequest, 'query' | 'form' | 'credential'>): readonly Secret[] {
  const values = [...Object.values(query ?? {}), ...Object.values(form ?? {})];
  const secrets = values.filter((value) => value instanceof Secret);
  return credential ? [...secrets, credential.accessToken] : secrets;
}

function details(response: UpstreamResponse) {
  return { status: response.status, retryAfterSeconds: response.retryAfterSeconds };
}

function codeOfError(
  { error_type: errorType, message }: Record<string, unknown>,
  status: number,
): BrokerErrorCode {
  if (errorType === 'TokenException') {
    return typeof message === 'string' && /invalid.{0,3}checksum/i.test(message)
      ? 'app-secret'
      : 'token';
  }
  if (errorType === 'PermissionException') return 'permission';
  const code = codeOfStatus(status);
  if (code !== null) return code;
  return errorType === 'NetworkException' ? 'unavailable' : 'other';
}

function printableWord(value: unknown, secrets: readonly Secret[]): string | null {
  return typeof value === 'string' && /^[A-Za-z]{1,64}$/.test(value)
    ? cleanWord(value, secrets)
    : null;
}

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

/** Reads the nested answer of both segments: null for data that is not an object. */
export function parseMargins(data: unknown): Margins | null {
  if (!isRecord(data)) return null;
  return { equity: parseSegment(data.equity), commodity: parseSegment(data.commodity) };
}

/**
 * Reads one segment, from the nested answer or as the flat one. One that is left out, null or empty is null: the user
 * does not have it, whichever endpoint says so.
 */
export function parseSegment(data: unknown): Field<SegmentMargins | null> {
  if (data == null) return null;
  if (!isRecord(data)) return malformed;
  if (isEmpty(data)) return null;
  return {
    enabled: requiredFlag(data.enabled),
    net: requiredAmount(data.net),
    available: amounts(data.available, availableIn),
    utilised: amounts(data.utilised, utilisedIn),
  };
}

function isEmpty(data: WireRecord): boolean {
  for (const _name in data) return false;
  return true;
}

function amounts<T>(value: unknown, read: (wire: WireRecord) => T): Field<T> {
  if (value == null) return read({});
  return isRecord(value) ? read(value) : malformed;
}

type Amounts<Name extends string> = Record<Name, Field<number | null>>;

// Written out, one by one: an object that grows name by name takes more time and memory.
function availableIn(wire: WireRecord): Amounts<AvailableName> {
  return {
    adhocMargin: amount(wire.adhoc_margin),
    cash: amount(wire.cash),
    openingBalance: amount(wire.opening_balance),
    liveBalance: amount(wire.live_balance),
    collateral: amount(wire.collateral),
    intradayPayin: amount(wire.intraday_payin),
  };
}

function utilisedIn(wire: WireRecord): Amounts<UtilisedName> {
  return {
    debits: amount(wire.debits),
    exposure: amount(wire.exposure),
    m2mRealised: amount(wire.m2m_realised),
    m2mUnrealised: amount(wire.m2m_unrealised),
    optionPremium: amount(wire.option_premium),
    payout: amount(wire.payout),
    span: amount(wire.span),
    holdingSales: amount(wire.holding_sales),
    turnover: amount(wire.turnover),
    liquidCollateral: amount(wire.liquid_collateral),
    stockCollateral: amount(wire.stock_collateral),
    delivery: amount(wire.delivery),
  };
}

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
    authenticationMethods: [methodGiven(method, loginTime === malformed ? null : loginTime)],
  };
}

/** Kite does not say which factors its page asked for, so no level is proved. Its login time is that of a login. */
function methodGiven(
  method: 'BROKER_LOGIN' | 'REFRESH_TOKEN',
  loginTime: Date | null,
): AuthenticationMethod {
  const completedAt = method === 'BROKER_LOGIN' ? loginTime : null;
  return { method, assuranceLevel: null, completedAt, provider: 'KITE' };
}

function token(value: unknown): Secret | null {
  return typeof value === 'string' && value !== '' ? new Secret(value) : null;
}
