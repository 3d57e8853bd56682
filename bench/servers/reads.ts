// The calls as every server but Apollo and the gateway makes them: undici's pool, as its documentation shows it.
import { Pool } from 'undici';
import type { WireMargins, WireProfile } from '../kite.ts';

/** Kite's calls. Answers are taken as they are: the upstream is the bench's own, and checks cost the floor nothing. */
export interface Reads {
  /** Null where the credential is refused. */
  profile(authorization: string): Promise<WireProfile | null>;
  /** Null where the credential is refused. */
  margins(authorization: string): Promise<WireMargins | null>;
  logout(authorization: string): Promise<unknown>;
}

/** Calls over a pool of as many connections as the gateway would open. */
export function createReads(upstream: string): Reads {
  const pool = new Pool(upstream, { connections: 256 });
  async function call<Data>(
    method: 'GET' | 'DELETE',
    path: string,
    authorization: string,
  ): Promise<Data> {
    const headers = { authorization, 'x-kite-version': '3' };
    const { body } = await pool.request({ method, path, headers });
    const { data } = (await body.json()) as { data: Data };
    return data;
  }
  return {
    profile: (authorization) => call('GET', '/user/profile', authorization),
    margins: (authorization) => call('GET', '/user/margins', authorization),
    logout(authorization) {
      const [, apiKey, accessToken] = /^token (.*):(.*)$/.exec(authorization) ?? [];
      const path = `/session/token?api_key=${apiKey}&access_token=${accessToken}`;
      return call('DELETE', path, authorization);
    },
  };
}
