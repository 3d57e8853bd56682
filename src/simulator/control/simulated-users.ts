// The users of both brokers, as the control API lists them: whose they are, and what they log in or are asked with.

import { nameOf, userIdOf } from '../kite/users.ts';
import { kotakApp, kotakUsers, standingSession } from '../kotak/users.ts';
import type { Settings } from '../options.ts';

/** A simulated user. */
export interface SimulatedUser {
  readonly broker: 'KITE' | 'KOTAK';
  /** Such as `SIM0001` or `SIMK01`. */
  readonly userId: string;
  readonly name: string;
  /** An Authorization header of the gateway for the fixed token of the user. */
  readonly authorization: string;
  /** Of users of Kotak, whose login asks for it. */
  readonly password?: string;
}

/** Every user, those of Kite first. The header names the first app. */
export function simulatedUsers({ accounts, apps, seed }: Settings): readonly SimulatedUser[] {
  const [apiKey = 'simulator'] = apps.keys();
  const ofKite = Array.from({ length: accounts }, (_, index): SimulatedUser => {
    const userId = userIdOf(index + 1);
    const { given, family } = nameOf(index + 1, seed);
    const authorization = `token ${apiKey}:${userId}-token`;
    return { broker: 'KITE', userId, name: `${given} ${family}`, authorization };
  });
  const ofKotak = kotakUsers.map(({ userId, name, password }): SimulatedUser => {
    const authorization = `kotak ${kotakApp.consumerKey}:${userId}:${standingSession(userId)}`;
    return { broker: 'KOTAK', userId, name, authorization, password };
  });
  return [...ofKite, ...ofKotak];
}
