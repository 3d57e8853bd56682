// Which call of Kotak answers which path and method, and what every call must carry.
import type { IncomingMessage } from 'node:http';
import type { Api } from '../api.ts';
import type { Kite } from '../kite/kite.ts';
import type { Answer } from '../reply.ts';
import { baseOf, type KotakCall, kotakTargetOf, readKotakCall } from './call.ts';
import {
  appTokenInvalid,
  invalidInput,
  kotakWords,
  noSuchResource,
  otherHost,
  sessionInvalid,
  success,
} from './envelope.ts';
import type { Kotak } from './kotak.ts';
import { kotakMarginsOf } from './margins.ts';
import {
  completeWithCode,
  completeWithoutCode,
  initSession,
  issueAppToken,
  logIn,
} from './session-endpoints.ts';
import { type KotakUser, kotakApp, kotakUser } from './users.ts';

type Endpoint = (call: KotakCall, kotak: Kotak, seed: number) => Answer;

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['GET /session/1.0/session/init', initSession],
  ['POST /session/1.0/session/login/userid', logIn],
  ['POST /session/1.0/session/2FA/accesscode', completeWithCode],
  ['POST /session/1.0/session/2FA/oneTimeToken', completeWithoutCode],
  [
    'GET /margin/1.0/margin',
    withSession((user, _call, _kotak, seed) => success(kotakMarginsOf(user, seed))),
  ],
  [
    'DELETE /session/1.0/session/logout',
    withSession((_user, call, kotak) => {
      kotak.sessions.end(call.header('sessionToken'));
      return success({ message: 'Logout Successful.' });
    }),
  ],
]);

/** The API of the simulated Kotak, on what it shares with Kite. */
export function kotakApi(kotak: Kotak, { log, faults, settings }: Kite): Api {
  return {
    log,
    faults,
    rateLimit: kotak.rateLimit,
    now: () => kotak.clock.now(),
    latencyMilliseconds: settings.latencyMilliseconds,
    words: kotakWords,
    async read(incoming: IncomingMessage) {
      const call = await readKotakCall(incoming);
      const answer = () => answerTo(call, kotak, settings.seed);
      return { target: kotakTargetOf(call, kotak), answer };
    },
  };
}

/** The true answer to a request, with whatever it does to the simulated Kotak done. */
function answerTo(call: KotakCall, kotak: Kotak, seed: number): Answer {
  const { method, resource } = call;
  if (method === 'POST' && resource === '/token') return issueAppToken(call, kotak);
  const [, appToken = ''] = /^Bearer (\S+)$/i.exec(call.header('authorization')) ?? [];
  if (!kotak.isAppToken(appToken)) return appTokenInvalid;
  const endpoint = endpoints.get(`${method} ${resource}`);
  if (endpoint === undefined) return noSuchResource;
  if (call.header('consumerKey') !== kotakApp.consumerKey) return invalidInput('consumerKey');
  return endpoint(call, kotak, seed);
}

/** An endpoint for the user of a session, at the host that serves the user. */
function withSession(
  answer: (user: KotakUser, call: KotakCall, kotak: Kotak, seed: number) => Answer,
): Endpoint {
  return (call, kotak, seed) => {
    const token = call.header('sessionToken');
    const user = kotakUser(kotak.sessions.userOf(token, kotak.clock.now()) ?? '');
    // Whether a session is known at another host is not established; here no host knows the other's.
    const owner = user ?? kotakUser(kotak.sessions.ownerOf(token) ?? '');
    if (owner !== undefined && owner.host !== call.host) {
      return otherHost(baseOf(call.origin, owner.host));
    }
    return user === undefined ? sessionInvalid : answer(user, call, kotak, seed);
  };
}
