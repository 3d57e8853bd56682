// The calls that begin and end a session: init, login, second factor, logout, and the token of the app.
import { dayInIndia, monthFirstTimestamp, startOfDayInIndia } from '../india-time.ts';
import type { Answer } from '../reply.ts';
import { baseOf, type KotakCall } from './call.ts';
import {
  accountLocked,
  fault,
  invalidInput,
  oneTimeTokenInvalid,
  otherHost,
  success,
} from './envelope.ts';
import { type Kotak, maskedPhone } from './kotak.ts';
import { type KotakUser, kotakApp, kotakUser } from './users.ts';

/** POST /token: an access token for the app's key and secret. */
export function issueAppToken(call: KotakCall, kotak: Kotak): Answer {
  const { consumerKey, consumerSecret } = kotakApp;
  const expected = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
  if (call.header('authorization') !== `Basic ${expected}`) {
    return {
      status: 401,
      envelope: { error: 'invalid_client', error_description: 'Client Authentication failed.' },
    };
  }
  if (call.form.get('grant_type') !== 'client_credentials') {
    return {
      status: 400,
      envelope: { error: 'unsupported_grant_type', error_description: 'Unsupported grant_type' },
    };
  }
  const { token, seconds } = kotak.issueAppToken();
  return {
    status: 200,
    envelope: { access_token: token, scope: 'default', token_type: 'Bearer', expires_in: seconds },
  };
}

/** GET /session/1.0/session/init: where the user is served. */
export function initSession(call: KotakCall, kotak: Kotak): Answer {
  const user = kotakUser(call.header('userid'));
  if (user === undefined) return invalidInput('userid');
  if (kotak.isLocked(user)) return accountLocked;
  const place = { host: baseOf(call.origin, user.host), port: 443 };
  return success({
    clientType: 'ONLINE',
    encryption: { keySize: 0, publickKey: '', type: 'PLAIN' },
    isNRI: 'N',
    message: '',
    redirect: place,
    service: place,
    status: 'Success',
    userType: user.userType,
    userid: user.userId,
  });
}

/** POST /session/1.0/session/login/userid: a password for a one-time token. */
export function logIn(call: KotakCall, kotak: Kotak): Answer {
  return forUser(call, kotak, (user) => {
    const { password } = call.json;
    if (typeof password !== 'string' || password === '') return invalidInput('password');
    if (password !== user.password) return wrongTry(user, kotak, 'Invalid userid or password');
    if (!user.waivesCode) kotak.sendCode(user);
    const today = startOfDayInIndia(dayInIndia(kotak.clock.now()));
    return success({
      Status: 'Temporary',
      accessCodeTime: monthFirstTimestamp(today + 60_000),
      biometric: 'N',
      clientType: 'ONLINE',
      emailId: 'XXXXXXXXXXXXX@kotak.example',
      message: 'Authentication Successful.',
      mpin: 'N',
      oneTimeToken: kotak.issueOneTimeToken(user.userId),
      phoneNo: maskedPhone(user.userId),
      redirect: { host: baseOf(call.origin, user.host), port: 443, userid: user.userId },
    });
  });
}

/** POST /session/1.0/session/2FA/accesscode: the code of the day for a session. */
export function completeWithCode(call: KotakCall, kotak: Kotak): Answer {
  return forUser(call, kotak, (user) => {
    const { accessCode } = call.json;
    if (typeof accessCode !== 'string' || accessCode === '') return invalidInput('accessCode');
    if (!kotak.isOneTimeToken(call.header('oneTimeToken'), user.userId)) return oneTimeTokenInvalid;
    if (accessCode !== kotak.codeOf(user.userId)) {
      return wrongTry(user, kotak, 'Invalid access code');
    }
    return openSession(call, kotak, user);
  });
}

/** POST /session/1.0/session/2FA/oneTimeToken: a session without a code, for users who need none. */
export function completeWithoutCode(call: KotakCall, kotak: Kotak): Answer {
  return forUser(call, kotak, (user) => {
    if (!kotak.isOneTimeToken(call.header('oneTimeToken'), user.userId)) return oneTimeTokenInvalid;
    if (!user.waivesCode) return invalidInput('An access code is required');
    return openSession(call, kotak, user);
  });
}

/** Does a step of a login for the user whom the body names, at the host that serves the user. */
function forUser(call: KotakCall, kotak: Kotak, step: (user: KotakUser) => Answer): Answer {
  const user = kotakUser(String(call.json.userid ?? ''));
  if (user === undefined) return invalidInput('userid');
  if (user.host !== call.host) return otherHost(baseOf(call.origin, user.host));
  return kotak.isLocked(user) ? accountLocked : step(user);
}

function wrongTry(user: KotakUser, kotak: Kotak, message: string): Answer {
  kotak.countWrongTry(user);
  return fault(400, 400002, message);
}

function openSession(call: KotakCall, kotak: Kotak, user: KotakUser): Answer {
  kotak.spendOneTimeToken(call.header('oneTimeToken'));
  kotak.forgetWrongTries(user.userId);
  const now = kotak.clock.now();
  const sessionToken = kotak.sessions.open(user.userId, now);
  const canTrade = user.userType === 'G';
  const status = canTrade ? 'ACTIVE' : 'INACTIVE';
  const place = { host: baseOf(call.origin, user.host), port: 443 };
  return success(
    {
      advancedChart: place,
      apiToken: { redirect: place, sessionId: '' },
      broadcast: place,
      clientCode: user.userId,
      clientName: user.name,
      dormantType: '-',
      emailId: 'XXXXXXXXXXXXX@kotak.example',
      enabledExchangeSegments: {
        CASH: [
          { exchange: 'NSE', status: 'ACTIVE' },
          { exchange: 'BSE', status: 'ACTIVE' },
        ],
        CDS: [{ exchange: 'NSE', status }],
        COMMODITY: [{ exchange: 'MCX', status: 'INACTIVE' }],
        FNO: [{ exchange: 'NSE', status }],
      },
      enabledProducts: canTrade ? ['NORMAL', 'SUPERMULTIPLE', 'MTF', 'MIS'] : ['NORMAL'],
      enabledSegments: canTrade ? ['CASH', 'FO', 'CDS'] : ['CASH'],
      getLtp: place,
      isNRI: 'N',
      loginTime: monthFirstTimestamp(now),
      marginProduct: { isEnabled: canTrade },
      marketData: place,
      phoneNo: maskedPhone(user.userId),
      redirect: place,
      search: place,
      service: place,
      sessionToken,
      stwtFlag: 'N',
      userId: user.userId,
      weblink: place,
    },
    user.wrapper,
  );
}
