// What a gateway on the simulator is configured with: apps, hosts and credentials that the simulator's documentation names.
import type { AppOptions } from '../options.ts';

/** Apps that the simulator knows, with the secrets that its documentation names. @param url the simulator's address. */
export function simulatedApps(url: string): readonly AppOptions[] {
  return [
    { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator', listed: true },
    {
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      accessToken: 'simulator-kotak-app-token',
      // Its page has the users, their passwords and the access codes.
      helpUrl: `${url}/kotak`,
      name: 'Simulated Kotak',
      listed: true,
    },
  ];
}

/** The hosts of the simulated Kotak. @param url the simulator's address. */
export function simulatedHosts(url: string): readonly string[] {
  return [`${url}/kotak/apim`, `${url}/kotak-c/apim`];
}

/** An Authorization header for the first simulated users of Kite, two at most. */
export function simulatedCredentials(count: number): string {
  const users = ['SIM0001', 'SIM0002'].slice(0, count);
  return users.map((user) => `token simulator:${user}-token`).join(', ');
}
