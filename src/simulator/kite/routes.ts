// Which call answers which path and method.
import type { Api } from '../api.ts';
import type { Answer } from '../reply.ts';
import { type Call, readCall, targetOf } from './call.ts';
import {
  credentialIncorrect,
  kiteWords,
  methodNotAllowed,
  notSimulated,
  routeNotFound,
} from './envelope.ts';
import type { Kite } from './kite.ts';
import { endSession, exchangeToken, renewToken } from './session-endpoints.ts';
import {
  readFullProfile,
  readHoldings,
  readMargins,
  readProfile,
  readSegment,
  userOf,
} from './user-endpoints.ts';

type Endpoint = (call: Call, kite: Kite) => Answer;

const routes: ReadonlyMap<string, Readonly<Record<string, Endpoint>>> = new Map([
  ['/session/token', { POST: exchangeToken, DELETE: endSession }],
  ['/session/refresh_token', { POST: renewToken }],
  ['/user/profile', { GET: readProfile }],
  ['/user/profile/full', { GET: readFullProfile }],
  ['/user/margins', { GET: readMargins }],
  ['/portfolio/holdings', { GET: readHoldings }],
]);

const segmentRoute: Readonly<Record<string, Endpoint>> = { GET: readSegment };
const segmentPath = /^\/user\/margins\/[^/]+$/;

// The first parts of the paths that Kite has and this simulator has not (docs: the API's reference, by chapter).
const notSimulatedPaths = new Set([
  'alerts',
  'charges',
  'gtt',
  'instruments',
  'margins',
  'mf',
  'orders',
  'portfolio',
  'quote',
  'trades',
]);

/** The API of the simulated Kite. */
export function kiteApi(kite: Kite): Api {
  const { log, faults, rateLimit, clock, settings } = kite;
  return {
    log,
    faults,
    rateLimit,
    now: () => clock.now(),
    latencyMilliseconds: settings.latencyMilliseconds,
    words: kiteWords,
    async read(incoming) {
      const call = await readCall(incoming);
      return { target: targetOf(call, kite), answer: () => answerTo(call, kite) };
    },
  };
}

/** The true answer to a request, with whatever it does to the simulated Kite done. */
function answerTo(call: Call, kite: Kite): Answer {
  const [, chapter = ''] = call.path.split('/');
  // Kite looks at the token before it looks for the route. Under /session the token comes in a field.
  if (chapter !== 'session' && userOf(call, kite) === null) return credentialIncorrect;
  const route = routes.get(call.path) ?? (segmentPath.test(call.path) ? segmentRoute : undefined);
  if (route !== undefined) {
    const endpoint = route[call.method === 'HEAD' ? 'GET' : call.method];
    return endpoint === undefined ? methodNotAllowed : endpoint(call, kite);
  }
  return notSimulatedPaths.has(chapter) ? notSimulated(call.method, `/${chapter}`) : routeNotFound;
}
