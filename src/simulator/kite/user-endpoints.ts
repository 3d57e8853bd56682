// The calls of a user: profile, funds and margins, and holdings.

import type { Answer } from '../reply.ts';
import type { Call } from './call.ts';
import {
  credentialIncorrect,
  permissionInsufficient,
  segmentInvalid,
  success,
} from './envelope.ts';
import type { Kite } from './kite.ts';
import { holdingsOf } from './portfolio/holdings.ts';
import { profileOf } from './profile.ts';
import { userNumberOf } from './users.ts';

/** GET /user/profile. */
export const readProfile = forUser((userNumber, kite) =>
  success(profileOf(userNumber, kite.settings.seed)),
);

/** GET /user/profile/full, which no simulated app may call. */
export const readFullProfile = forUser(() => permissionInsufficient);

/** GET /user/margins: both segments, nested. */
export const readMargins = forUser((userNumber, kite) =>
  success(kite.payIns.marginsOf(userNumber)),
);

/** GET /user/margins/:segment: one segment, flat. */
export const readSegment = forUser((userNumber, kite, call) => {
  const margins = kite.payIns.marginsOf(userNumber);
  if (call.path.endsWith('/equity')) return success(margins.equity);
  if (call.path.endsWith('/commodity')) return success(margins.commodity);
  return segmentInvalid;
});

/** GET /portfolio/holdings. */
export const readHoldings = forUser((userNumber, kite) =>
  success(holdingsOf(userNumber, kite.settings.seed)),
);

/** The number of the user whose live session a call carries, through the app it was issued to; null for none. */
export function userOf({ credential }: Call, kite: Kite): number | null {
  if (credential === null || !kite.settings.apps.has(credential.apiKey)) return null;
  const { apiKey, accessToken } = credential;
  const userId = kite.sessions.userOf(apiKey, accessToken, kite.clock.now());
  return userNumberOf(userId ?? '', kite.settings.accounts);
}

function forUser(
  answer: (userNumber: number, kite: Kite, call: Call) => Answer,
): (call: Call, kite: Kite) => Answer {
  return (call, kite) => {
    const userNumber = userOf(call, kite);
    return userNumber === null ? credentialIncorrect : answer(userNumber, kite, call);
  };
}
