// Which call answers which path and method.
import type { Call } from './call.ts';
import { type Answer, methodNotAllowed, routeNotFound } from './envelope.ts';
import type { Kite } from './kite.ts';
import { endSession, exchangeToken, renewToken } from './session-endpoints.ts';
import { readFullProfile, readMargins, readProfile, readSegment } from './user-endpoints.ts';

type Endpoint = (call: Call, kite: Kite) => Answer;

const routes: ReadonlyMap<string, Readonly<Record<string, Endpoint>>> = new Map([
  ['/session/token', { POST: exchangeToken, DELETE: endSession }],
  ['/session/refresh_token', { POST: renewToken }],
  ['/user/profile', { GET: readProfile }],
  ['/user/profile/full', { GET: readFullProfile }],
  ['/user/margins', { GET: readMargins }],
]);

const segmentRoute: Readonly<Record<string, Endpoint>> = { GET: readSegment };
const segmentPath = /^\/user\/margins\/[^/]+$/;

/** The true answer to a request, with whatever it does to the simulated Kite done. */
export function answerTo(call: Call, kite: Kite): Answer {
  const route = routes.get(call.path) ?? (segmentPath.test(call.path) ? segmentRoute : undefined);
  if (route === undefined) return routeNotFound;
  const endpoint = route[call.method === 'HEAD' ? 'GET' : call.method];
  return endpoint === undefined ? methodNotAllowed : endpoint(call, kite);
}
