// The calls under /session: exchange, renewal, logout.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { indiaTimestamp } from '../india-time.ts';
import type { SettledApp } from '../options.ts';
import { randomToken } from '../random.ts';
import type { Answer } from '../reply.ts';
import type { Call } from './call.ts';
import {
  checksumInvalid,
  credentialIncorrect,
  missingField,
  success,
  tokenExpired,
} from './envelope.ts';
import type { Kite } from './kite.ts';
import { profileOf } from './profile.ts';
import { userNumberOf } from './users.ts';

/** POST /session/token: a request token for a session. */
export function exchangeToken(call: Call, kite: Kite): Answer {
  const proof = prove(call, kite, 'request_token');
  if ('refused' in proof) return proof.refused;
  const { app, token } = proof;
  const now = kite.clock.now();
  const userId = kite.requestTokens.redeem(token, app.apiKey, now);
  const userNumber = userNumberOf(userId ?? '', kite.settings.accounts);
  if (userId === null || userNumber === null) return tokenExpired;

  const tokens = kite.sessions.open(app.apiKey, userId, now, app.refreshTokens);
  return success({
    ...profileOf(userNumber, kite.settings.seed),
    api_key: app.apiKey,
    access_token: tokens.accessToken,
    public_token: randomToken(),
    enctoken: randomBytes(64).toString('base64'),
    refresh_token: tokens.refreshToken,
    silo: '',
    login_time: indiaTimestamp(now),
  });
}

/** POST /session/refresh_token: a refresh token for a new access token. */
export function renewToken(call: Call, kite: Kite): Answer {
  const proof = prove(call, kite, 'refresh_token');
  if ('refused' in proof) return proof.refused;
  const { app, token } = proof;
  const userId = kite.sessions.refreshUserOf(app.apiKey, token);
  const tokens = kite.sessions.renew(app.apiKey, token, kite.clock.now());
  // These three fields are all that a client can rely on; that Kite sends no others is not established.
  return tokens === null
    ? tokenExpired
    : success({
        user_id: userId,
        access_token: tokens.accessToken,
        refresh_token: tokens.refreshToken,
      });
}

/** DELETE /session/token: ends a session, or drops a refresh token. */
export function endSession(call: Call, kite: Kite): Answer {
  const apiKey = call.fields.get('api_key');
  const accessToken = call.fields.get('access_token');
  const refreshToken = call.fields.get('refresh_token');
  if (!apiKey) return missingField('api_key');
  if (!accessToken && !refreshToken) return missingField('access_token');
  if (!kite.settings.apps.has(apiKey)) return credentialIncorrect;

  // What Kite answers to the second DELETE of a token, and whether dropping a refresh token ends the
  // session too, is not established.
  const ended = accessToken
    ? kite.sessions.end(apiKey, accessToken, kite.clock.now())
    : kite.sessions.dropRefreshToken(apiKey, refreshToken ?? '');
  return ended ? success(true) : accessToken ? credentialIncorrect : tokenExpired;
}

type Proof = { readonly app: SettledApp; readonly token: string } | { readonly refused: Answer };

// That a bad checksum leaves the token unburnt, and what an unknown api_key is told, is not established.
function prove(call: Call, kite: Kite, tokenField: string): Proof {
  const [apiKey, token, checksum] = ['api_key', tokenField, 'checksum'].map((name) =>
    call.fields.get(name),
  );
  if (!apiKey) return { refused: missingField('api_key') };
  if (!token) return { refused: missingField(tokenField) };
  if (!checksum) return { refused: missingField('checksum') };
  const app = kite.settings.apps.get(apiKey);
  if (app === undefined) return { refused: credentialIncorrect };
  const expected = createHash('sha256')
    .update(apiKey + token + app.apiSecret)
    .digest('hex');
  return sameText(expected, checksum) ? { app, token } : { refused: checksumInvalid };
}

function sameText(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
