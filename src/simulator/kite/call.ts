// One request to Kite as the endpoints see it, read off the wire.
import type { IncomingMessage } from 'node:http';
import { readText, splitUrl } from '../body.ts';
import type { FaultTarget } from '../faults/fault.ts';
import type { Kite } from './kite.ts';

/** The two parts of an `Authorization: token api_key:access_token` header. */
export interface Credential {
  /** The app. */
  readonly apiKey: string;
  /** The session. */
  readonly accessToken: string;
}

/** One API request. */
export interface Call {
  /** The HTTP method. */
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  /** The form of a POST, the query of anything else. */
  readonly fields: URLSearchParams;
  /** What the Authorization header says; null where it is missing or malformed. */
  readonly credential: Credential | null;
}

const noFields = new URLSearchParams();

/**
 * Reads a request.
 * @throws Error where the client goes away in mid-body, or sends more than any of these calls needs.
 */
export async function readCall(incoming: IncomingMessage): Promise<Call> {
  const { method = 'GET', url = '/' } = incoming;
  const [path, query] = splitUrl(url);
  return {
    method,
    path,
    fields:
      method === 'POST'
        ? // Whatever its Content-Type says: what Kite does with another is not established.
          new URLSearchParams(await readText(incoming))
        : query === ''
          ? noFields
          : new URLSearchParams(query),
    credential: parseAuthorization(incoming.headers.authorization),
  };
}

// Whether Kite accepts the scheme in another case is not established; HTTP says it should.
function parseAuthorization(header: string | undefined): Credential | null {
  const [, apiKey, accessToken] = /^token ([^:\s]+):(\S+)$/i.exec(header ?? '') ?? [];
  return apiKey === undefined || accessToken === undefined ? null : { apiKey, accessToken };
}

/**
 * Which app and which user a request speaks for, dead or alive, for the log, the limit and the faults.
 * An api_key that is not registered counts as none: it may be anything, even a secret in the wrong place.
 */
export function targetOf(call: Call, kite: Kite): FaultTarget {
  const { method, path, credential, fields } = call;
  // The session calls carry their credential in fields; a stale header beside them is ignored.
  const inFields = path.startsWith('/session/');
  const apiKey = (inFields ? fields.get('api_key') : credential?.apiKey) ?? '';
  const accessToken = inFields ? fields.get('access_token') : credential?.accessToken;
  const userId = inFields
    ? (kite.requestTokens.userOf(fields.get('request_token') ?? '') ??
      kite.sessions.refreshUserOf(apiKey, fields.get('refresh_token') ?? ''))
    : null;
  return {
    method,
    path,
    apiKey: kite.settings.apps.has(apiKey) ? apiKey : null,
    userId: userId ?? kite.sessions.ownerOf(accessToken ?? ''),
  };
}
