// A login at the simulator, as a browser would walk it, up to the redirect.
import type { Simulator } from '../../src/simulator/simulator.ts';

/** Logs a simulated user in and gives the parameters of Kite's redirect. */
export async function logIn(
  simulator: Simulator,
  userId: string,
  apiKey = 'simulator',
): Promise<URLSearchParams> {
  const response = await fetch(`${simulator.url}/connect/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ api_key: apiKey, user_id: userId, decision: 'approve' }),
  });
  const location = response.headers.get('location');
  if (location === null) throw new Error(`no redirect: ${response.status}`);
  return new URL(location).searchParams;
}

/** Logs a simulated user in and gives the request token alone. */
export async function requestTokenOf(
  simulator: Simulator,
  userId: string,
  apiKey = 'simulator',
): Promise<string> {
  const parameters = await logIn(simulator, userId, apiKey);
  const token = parameters.get('request_token');
  if (token === null) throw new Error(`no request token: ${parameters}`);
  return token;
}
