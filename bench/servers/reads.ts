// The two reads as the floor and Mercurius make them: undici's pool, as its documentation shows it.
import { Pool } from 'undici';
import type { WireMargins, WireProfile } from '../kite.ts';

/** Kite's reads. What comes is taken as it is: the upstream is ours, and checking costs the floor nothing. */
export interface Reads {
  profile(authorization: string): Promise<WireProfile>;
  margins(authorization: string): Promise<WireMargins>;
}

/** Reads over a pool of as many connections as the gateway would open. */
export function createReads(upstream: string): Reads {
  const pool = new Pool(upstream, { connections: 256 });
  async function read(path: string, authorization: string) {
    const headers = { authorization, 'x-kite-version': '3' };
    const { body } = await pool.request({ method: 'GET', path, headers });
    const { data } = (await body.json()) as { data: unknown };
    return data;
  }
  return {
    profile: (authorization) => read('/user/profile', authorization) as Promise<WireProfile>,
    margins: (authorization) => read('/user/margins', authorization) as Promise<WireMargins>,
  };
}
