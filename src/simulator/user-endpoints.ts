// The calls under /user: profile, funds and margins.
import type { Call } from './call.ts';
import {
  type Answer,
  credentialIncorrect,
  permissionInsufficient,
  segmentInvalid,
  success,
} from './envelope.ts';
import type { Kite } from './kite.ts';
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

function forUser(
  answer: (userNumber: number, kite: Kite, call: Call) => Answer,
): (call: Call, kite: Kite) => Answer {
  return (call, kite) => {
    if (call.credential === null) return credentialIncorrect;
    const { apiKey, accessToken } = call.credential;
    if (!kite.settings.apps.has(apiKey)) return credentialIncorrect;
    const userId = kite.sessions.userOf(apiKey, accessToken, kite.clock.now());
    const userNumber = userNumberOf(userId ?? '', kite.settings.accounts);
    return userNumber === null ? credentialIncorrect : answer(userNumber, kite, call);
  };
}
